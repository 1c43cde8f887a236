// Which points lie within a polygon, by the even-odd rule.

/** Rows of the polygon's box: a point is compared with the edges of its row only. */
const ROWS = 512;

/**
 * 1 for each point within.
 * @param {[number, number][]} polygon @param {Float32Array} x @param {Float32Array} y @returns {Uint8Array}
 */
export function mask(polygon, x, y) {
  const found = new Uint8Array(x.length);
  if (polygon.length < 3) return found;
  const xs = polygon.map((p) => p[0]), ys = polygon.map((p) => p[1]);
  const [x0, x1, y0, y1] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const step = (y1 - y0) / ROWS || 1;
  const row = (/** @type {number} */ v) => Math.min(ROWS - 1, Math.max(0, Math.floor((v - y0) / step)));
  // Four numbers an edge: its ends.
  const edges = Array.from({ length: ROWS }, () => /** @type {number[]} */ ([]));
  polygon.forEach(([bx, by], i) => {
    const [ax, ay] = polygon[(i || polygon.length) - 1];
    for (let j = row(Math.min(ay, by)); j <= row(Math.max(ay, by)); j++) edges[j].push(ax, ay, bx, by);
  });
  const rows = edges.map((list) => Float64Array.from(list));
  for (let p = 0; p < x.length; p++) {
    const px = x[p], py = y[p];
    if (px < x0 || px > x1 || py < y0 || py > y1) continue;
    const list = rows[row(py)];
    let inside = 0;
    for (let e = 0; e < list.length; e += 4) {
      const ay = list[e + 1], by = list[e + 3];
      if (ay > py !== by > py && px < ((list[e + 2] - list[e]) * (py - ay)) / (by - ay) + list[e]) inside ^= 1;
    }
    found[p] = inside;
  }
  return found;
}
