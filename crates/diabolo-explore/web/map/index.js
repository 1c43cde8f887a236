// The nearest point to a place, by a grid of cells.

export class Grid {
  /** @param {Float32Array} x @param {Float32Array} y */
  constructor(x, y) {
    this.x = x; this.y = y;
    const count = x.length;
    let [x0, x1, y0, y1] = [Infinity, -Infinity, Infinity, -Infinity];
    for (let i = 0; i < count; i++) { x0 = Math.min(x0, x[i]); x1 = Math.max(x1, x[i]); y0 = Math.min(y0, y[i]); y1 = Math.max(y1, y[i]); }
    this.side = Math.max(1, Math.min(1024, Math.ceil(Math.sqrt(count / 4))));
    this.x0 = x0; this.y0 = y0;
    this.dx = Math.max((x1 - x0) / this.side, 1e-30); this.dy = Math.max((y1 - y0) / this.side, 1e-30);
    const cells = new Uint32Array(count);
    this.first = new Uint32Array(this.side * this.side + 1);
    for (let i = 0; i < count; i++) { cells[i] = this.cell(x[i], y[i]); this.first[cells[i] + 1]++; }
    for (let c = 0; c < this.side * this.side; c++) this.first[c + 1] += this.first[c];
    const next = this.first.slice();
    this.points = new Uint32Array(count);
    for (let i = 0; i < count; i++) this.points[next[cells[i]]++] = i;
  }

  /** @param {number} v @param {number} low @param {number} step */
  at(v, low, step) { return Math.min(this.side - 1, Math.max(0, Math.floor((v - low) / step))); }
  /** @param {number} x @param {number} y */
  cell(x, y) { return this.at(y, this.y0, this.dy) * this.side + this.at(x, this.x0, this.dx); }

  /** The nearest point within `reach`, or −1: looked for nearby first, since there may be thousands within. @param {number} x @param {number} y @param {number} reach */
  nearest(x, y, reach) {
    for (let near = reach / 16; near < reach; near *= 2) {
      const found = this.within(x, y, near);
      if (found >= 0) return found;
    }
    return this.within(x, y, reach);
  }

  /** @param {number} x @param {number} y @param {number} reach */
  within(x, y, reach) {
    let best = -1, least = reach * reach;
    const [i0, i1] = [this.at(x - reach, this.x0, this.dx), this.at(x + reach, this.x0, this.dx)];
    const [j0, j1] = [this.at(y - reach, this.y0, this.dy), this.at(y + reach, this.y0, this.dy)];
    for (let j = j0; j <= j1; j++) {
      for (let k = this.first[j * this.side + i0]; k < this.first[j * this.side + i1 + 1]; k++) {
        const p = this.points[k];
        const d = (this.x[p] - x) ** 2 + (this.y[p] - y) ** 2;
        if (d < least) { least = d; best = p; }
      }
    }
    return best;
  }
}
