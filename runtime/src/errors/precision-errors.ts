/** PL82xx. */
export const precisionErrors = {
  PL8201:
    '`trainer.precision` or `trainer.matmulPrecision` is none that exists. Precisions are `32-true`, `16-mixed`, `bf16-mixed`, `16-true` and `bf16-true`, and for short 32, 16 and `bf16`, which mean `32-true`, `16-mixed` and `bf16-mixed`. TensorFlow.js has no 64-bit numbers, so there is no `64-true`. Precisions of matrix products are `highest`, `high` and `medium`.',
  PL8202:
    'The engine cannot compute in the precision that was asked for, on the device that it runs on. The embedded engine and TensorFlow compute in float32; 16 bits need the engine `torch`, and some of them a GPU. The hint has what would work here.',
  PL8203:
    'The methods of a GradScaler were called in an order that makes no sense. Of each optimizer, between one `update` and the next, gradients are unscaled once at most, then it steps once; `update` comes after at least one of them has stepped or was unscaled.',
  PL8204:
    'An option or a saved state of a GradScaler is out of range: the scale is a finite number above 0, the growth factor is above 1, the back-off factor lies between 0 and 1, and the growth interval is an integer above 0.',
  PL8205:
    'LBFGS evaluates the loss several times within one step, and a loss scale that holds back a step when gradients overflow cannot look in between. Train with `bf16-mixed` or `32-true`, or with another optimizer.',
} as const;
