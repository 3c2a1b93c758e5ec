import type * as tf from '../../../tf.js';

/** Where a window stands over two spatial dimensions, as the addon reads it: see `Window` in `window.h`. */
export function window2d(info: tf.backend_util.Conv2DInfo): number[] {
  return [
    info.strideHeight,
    info.strideWidth,
    info.dilationHeight,
    info.dilationWidth,
    info.padInfo.top,
    info.padInfo.left,
    info.outHeight,
    info.outWidth,
  ];
}

/** The same over three. */
export function window3d(info: tf.backend_util.Conv3DInfo): number[] {
  return [
    info.strideDepth,
    info.strideHeight,
    info.strideWidth,
    info.dilationDepth,
    info.dilationHeight,
    info.dilationWidth,
    info.padInfo.front,
    info.padInfo.top,
    info.padInfo.left,
    info.outDepth,
    info.outHeight,
    info.outWidth,
  ];
}
