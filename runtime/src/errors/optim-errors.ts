/** PL7xxx. */
export const optimErrors = {
  PL7001:
    'The value to minimise must be one float32 number: a tensor of rank 0. A loss per sample has to be reduced ' +
    '(tf.mean, tf.sum), integers have to be cast, and a training step must return the tensor synchronously: what ' +
    'runs after an await is not recorded, so no gradient could flow through it.',
  PL7002:
    "A gradient was set or accumulated that does not fit its variable. Gradients are float32 and have the variable's " +
    'exact shape; reduce broadcast dimensions before you set one by hand.',
} as const;
