declare module '#tfjs-registrations';
