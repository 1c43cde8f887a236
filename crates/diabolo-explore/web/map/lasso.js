// Which points lie within a polygon, by the even-odd rule.

/** Cells of the polygon's box along each side: only points in cells near an edge are compared with edges, those of their row. */
const SIDE = 256;
const OUTSIDE = 0, INSIDE = 1, NEAR = 2;

class Cells {
  /** @param {[number, number][]} polygon */
  constructor(polygon) {
    const xs = polygon.map((p) => p[0]), ys = polygon.map((p) => p[1]);
    this.x0 = Math.min(...xs); this.y0 = Math.min(...ys); this.x1 = Math.max(...xs); this.y1 = Math.max(...ys);
    this.dx = (this.x1 - this.x0) / SIDE || 1; this.dy = (this.y1 - this.y0) / SIDE || 1;
    /** The ends of the edges that reach into each row, four numbers an edge. */
    this.edges = Array.from({ length: SIDE }, () => /** @type {number[]} */ ([]));
    this.kinds = new Uint8Array(SIDE * SIDE);
    polygon.forEach(([bx, by], i) => this.edge(...polygon[(i || polygon.length) - 1], bx, by));
    for (let c = 0; c < this.kinds.length; c++) {
      const x = this.x0 + ((c % SIDE) + 0.5) * this.dx, y = this.y0 + (Math.floor(c / SIDE) + 0.5) * this.dy;
      if (this.kinds[c] !== NEAR) this.kinds[c] = this.crossed(x, y);
    }
  }

  /** @param {number} v @param {number} low @param {number} step */
  at(v, low, step) { return Math.min(SIDE - 1, Math.max(0, Math.floor((v - low) / step))); }

  /** Marks the cells of an edge, and those around them, since cells are found by rounded numbers. */
  edge(ax, ay, bx, by) {
    const [low, high] = [this.at(Math.min(ay, by), this.y0, this.dy), this.at(Math.max(ay, by), this.y0, this.dy)];
    for (let j = low; j <= high; j++) this.edges[j].push(ax, ay, bx, by);
    for (let j = Math.max(0, low - 1); j <= Math.min(SIDE - 1, high + 1); j++) {
      // The ends of the part between the rows around this one.
      const ends = [j - 1, j + 2].map((row) => {
        const y = Math.min(Math.max(ay, by), Math.max(Math.min(ay, by), this.y0 + row * this.dy));
        return ay === by ? [ax, bx] : [ax + ((bx - ax) * (y - ay)) / (by - ay)];
      }).flat();
      const from = this.at(Math.min(...ends) - this.dx, this.x0, this.dx), to = this.at(Math.max(...ends) + this.dx, this.x0, this.dx);
      this.kinds.fill(NEAR, j * SIDE + from, j * SIDE + to + 1);
    }
  }

  /** The server computes the same numbers in the same order: its count is that of the page. @param {number} x @param {number} y */
  crossed(x, y) {
    const list = this.edges[this.at(y, this.y0, this.dy)];
    let inside = OUTSIDE;
    for (let e = 0; e < list.length; e += 4) {
      const ay = list[e + 1], by = list[e + 3];
      if (ay > y !== by > y && x < ((list[e + 2] - list[e]) * (y - ay)) / (by - ay) + list[e]) inside ^= INSIDE;
    }
    return inside;
  }
}

/**
 * 1 for each point within.
 * @param {[number, number][]} polygon @param {Float32Array} x @param {Float32Array} y @returns {Uint8Array}
 */
export function mask(polygon, x, y) {
  const found = new Uint8Array(x.length);
  if (polygon.length < 3) return found;
  const cells = new Cells(polygon);
  const { x0, x1, y0, y1, dx, dy, kinds } = cells;
  for (let p = 0; p < x.length; p++) {
    const px = x[p], py = y[p];
    if (px < x0 || px > x1 || py < y0 || py > y1) continue;
    const i = Math.min(SIDE - 1, Math.floor((px - x0) / dx)), j = Math.min(SIDE - 1, Math.floor((py - y0) / dy));
    const kind = kinds[j * SIDE + i];
    found[p] = kind === NEAR ? cells.crossed(px, py) : kind;
  }
  return found;
}
