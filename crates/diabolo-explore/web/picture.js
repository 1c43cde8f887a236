// Pictures of rows.

import { h } from './dom.js';

/**
 * The pixels as the writer of PNG files rounds them.
 * @param {ArrayLike<number>} pixels height × width × channels numbers @param {number[]} shape @param {number} scale the value of white
 */
function imageData(pixels, [height, width, channels], scale) {
  const data = new ImageData(width, height);
  for (let at = 0; at < width * height; at++) {
    for (let k = 0; k < 3; k++) {
      const value = pixels[at * channels + (channels >= 3 ? k : 0)];
      data.data[4 * at + k] = Math.round(Math.fround(Math.fround(value / scale) * 255));
    }
    data.data[4 * at + 3] = 255;
  }
  return data;
}

/** Draws over a canvas of `picture`. @param {HTMLCanvasElement} canvas @param {ArrayLike<number>} pixels @param {number[]} shape @param {number} scale */
export function redraw(canvas, pixels, shape, scale) {
  if (canvas.width !== shape[1] || canvas.height !== shape[0]) { canvas.width = shape[1]; canvas.height = shape[0]; }
  canvas.getContext('2d')?.putImageData(imageData(pixels, shape, scale), 0, 0);
}

/** @param {ArrayLike<number>} pixels @param {number[]} shape @param {number} scale @param {string} label */
export function picture(pixels, shape, scale, label) {
  const canvas = h('canvas', { class: 'picture', role: 'img', 'aria-label': label });
  redraw(canvas, pixels, shape, scale);
  return canvas;
}

/** Signed numbers: blue where positive, orange where negative. @param {ArrayLike<number>} values @param {number[]} shape @param {string} label */
export function signed(values, [height, width], label) {
  const canvas = h('canvas', { class: 'picture signed', role: 'img', 'aria-label': label, width, height });
  const most = Math.max(1e-12, ...Array.from(values, Math.abs));
  const data = new ImageData(width, height);
  for (let at = 0; at < width * height; at++) {
    const share = values[at] / most;
    const [r, g, b] = share > 0 ? [20, 99, 184] : [194, 65, 12];
    const strength = Math.abs(share);
    [r, g, b].forEach((value, k) => { data.data[4 * at + k] = Math.round(255 + (value - 255) * strength); });
    data.data[4 * at + 3] = 255;
  }
  canvas.getContext('2d').putImageData(data, 0, 0);
  return canvas;
}
