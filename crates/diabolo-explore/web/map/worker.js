// Draws the points on a canvas of its own thread.

import { Pace } from './pace.js';
import { Raster, paintHeat, radiusFor } from './raster.js';

/** A frame while the view moves takes about BUDGET; after REST without a move, the other points come. In milliseconds. */
const BUDGET = 24, REST = 140;
/** Points of the smallest frame. */
const LEAST = 20000;

/** @type {OffscreenCanvas | null} */
let canvas = null;
/** @type {Raster | null} */
let raster = null;
/** @type {ImageData | null} */
let data = null;
let points = { x: new Float32Array(), y: new Float32Array(), color: new Uint8Array(), mask: /** @type {Uint8Array | null} */ (null) };
let palette = new Uint8Array(768), ramp = new Uint8Array(768);
let view = { x0: 0, y0: 0, scale: 1 };
/** @type {any} */
let heat = null;
let ratio = 1, timer = 0, asked = false, moving = false;
const pace = new Pace(BUDGET);

const messages = {
  canvas: (m) => { canvas = m.canvas; },
  size: (m) => {
    ratio = m.ratio;
    if (!canvas || (canvas.width === m.width && canvas.height === m.height)) return;
    canvas.width = m.width; canvas.height = m.height;
    raster = new Raster(m.width, m.height);
    data = new ImageData(m.width, m.height);
  },
  points: (m) => { points = { x: m.x, y: m.y, color: new Uint8Array(m.x.length), mask: null }; },
  color: (m) => { points.color = m.color; palette = m.palette; },
  mask: (m) => { points.mask = m.mask; },
  heat: (m) => { heat = m.heat; if (m.ramp) ramp = m.ramp; },
  view: (m) => { view = m.view; moving = m.moving; },
};

self.onmessage = (event) => {
  messages[event.data.kind](event.data);
  if (asked) return;
  asked = true;
  // Several messages make one frame.
  setTimeout(() => { asked = false; draw(); });
};

/** The points that there is time for; the others follow. */
function draw() {
  clearTimeout(timer);
  if (!canvas || !raster) return;
  raster.clear();
  add(0);
}

/** Adds points to the picture and shows it: first, and when it is complete. @param {number} from */
function add(from) {
  const start = performance.now();
  const all = points.x.length;
  const to = from + pace.count(all - from, LEAST);
  const pixels = { x0: view.x0, y0: view.y0, scale: view.scale * ratio };
  const radius = radiusFor(all) * ratio;
  raster.add(points, pixels, palette, radius, from, to);
  const ofPoints = performance.now() - start;
  if (from === 0 || to === all) {
    show(pixels, radius);
    const took = performance.now() - start;
    pace.measure(took, ofPoints, to - from);
    self.postMessage({ drawn: to, took });
  }
  if (to < all) timer = setTimeout(() => add(to), from === 0 && moving ? REST : 0);
}

/** @param {{x0: number, y0: number, scale: number}} pixels @param {number} radius */
function show(pixels, radius) {
  data.data.fill(0);
  if (heat) paintHeat(data, heat, pixels, ramp);
  raster.over(data, raster.opacity(radius));
  canvas.getContext('2d')?.putImageData(data, 0, 0);
}
