import fc from 'fast-check';

// Every run draws the same examples, so that a change alone decides whether it passes; FC_SEED=$RANDOM looks further.
fc.configureGlobal({ seed: Number(process.env.FC_SEED ?? 20260101) });
