// Draws the points on a canvas of its own thread.

import { Raster, paintHeat, radiusFor } from './raster.js';

/** A frame while the view moves takes about this long. */
const BUDGET = 24;
const REST = 140;

/** @type {OffscreenCanvas | null} */
let canvas = null;
/** @type {Raster | null} */
let raster = null;
let points = { x: new Float32Array(), y: new Float32Array(), color: new Uint8Array(), mask: /** @type {Uint8Array | null} */ (null) };
let palette = new Uint8Array(768), ramp = new Uint8Array(768);
let view = { x0: 0, y0: 0, scale: 1 };
/** @type {any} */
let heat = null;
let ratio = 1, perPoint = 2e-5, timer = 0, asked = false, moving = false;

const messages = {
  canvas: (m) => { canvas = m.canvas; },
  size: (m) => {
    ratio = m.ratio;
    if (!canvas || (canvas.width === m.width && canvas.height === m.height)) return;
    canvas.width = m.width; canvas.height = m.height;
    raster = new Raster(m.width, m.height);
  },
  points: (m) => { points = { x: m.x, y: m.y, color: new Uint8Array(m.x.length), mask: null }; },
  color: (m) => { points.color = m.color; palette = m.palette; },
  mask: (m) => { points.mask = m.mask; },
  heat: (m) => { heat = m.heat; if (m.ramp) ramp = m.ramp; },
  view: (m) => { view = m.view; moving = m.moving; },
};

self.onmessage = ({ data }) => {
  messages[data.kind](data);
  if (asked) return;
  asked = true;
  // Several messages make one frame.
  setTimeout(() => { asked = false; draw(moving); });
};

/** @param {boolean} quick */
function draw(quick) {
  clearTimeout(timer);
  if (!canvas || !raster) return;
  const start = performance.now();
  const all = points.x.length;
  const count = quick ? Math.min(all, Math.max(20000, Math.floor(BUDGET / perPoint))) : all;
  const pixels = { x0: view.x0, y0: view.y0, scale: view.scale * ratio };
  const data = new ImageData(raster.width, raster.height);
  if (heat) paintHeat(data, heat, pixels, ramp);
  const radius = radiusFor(all) * ratio;
  raster.clear();
  raster.add(points, pixels, palette, radius, 0, Math.min(count, points.color.length));
  raster.over(data, raster.opacity(radius));
  canvas.getContext('2d')?.putImageData(data, 0, 0);
  const took = performance.now() - start;
  if (count > 50000) perPoint = took / count;
  self.postMessage({ drawn: count, took });
  if (count < all) timer = setTimeout(() => draw(false), REST);
}
