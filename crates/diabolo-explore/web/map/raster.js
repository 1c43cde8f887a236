// Points to pixels: sums of whole numbers, so that the order of points does not matter.

/** The most that one point adds to a pixel. */
const FULL = 8;

/** Weights of a disc, from 0 to 8, at offsets from its centre. @param {number} radius */
function disc(radius) {
  if (radius < 0.75) return [[0, 0, FULL]];
  const found = [];
  const reach = Math.ceil(radius);
  for (let dy = -reach; dy <= reach; dy++) {
    for (let dx = -reach; dx <= reach; dx++) {
      const weight = Math.round(FULL * Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(dx, dy))));
      if (weight > 0) found.push([dx, dy, weight]);
    }
  }
  return found;
}

/** How large a point is among so many. @param {number} count */
export const radiusFor = (count) => (count <= 3000 ? 3.4 : count <= 20000 ? 2.2 : count <= 120000 ? 1.2 : 0.5);

export class Raster {
  /** @param {number} width @param {number} height */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    /** Four numbers a pixel: weight, then weighted red, green and blue. */
    this.sums = new Uint32Array(4 * width * height);
  }

  clear() { this.sums.fill(0); }

  /**
   * Adds the points from `from` to `to`.
   * @param {{x: Float32Array, y: Float32Array, color: Uint8Array, mask: Uint8Array | null}} points
   * @param {{x0: number, y0: number, scale: number}} view pixel = ((x − x0) scale, (y0 − y) scale)
   * @param {Uint8Array} palette 256 colours
   * @param {number} radius @param {number} from @param {number} to
   */
  add(points, view, palette, radius, from, to) {
    const { width, height, sums } = this;
    const stamp = Int32Array.from(disc(radius).flat());
    const { x, y, color, mask } = points;
    for (let i = from; i < to; i++) {
      const px = Math.floor((x[i] - view.x0) * view.scale);
      const py = Math.floor((view.y0 - y[i]) * view.scale);
      if (!(px >= -8 && py >= -8 && px < width + 8 && py < height + 8)) continue;
      const out = mask !== null && mask[i] === 0;
      const at = 3 * (out ? 255 : color[i]);
      const r = palette[at], g = palette[at + 1], b = palette[at + 2];
      for (let k = 0; k < stamp.length; k += 3) {
        const sx = px + stamp[k], sy = py + stamp[k + 1];
        if (sx < 0 || sy < 0 || sx >= width || sy >= height) continue;
        const pixel = 4 * (sy * width + sx);
        // Points outside a selection stay behind those within, and as round.
        const w = out ? Number(2 * stamp[k + 2] > FULL) : stamp[k + 2];
        sums[pixel] += w; sums[pixel + 1] += w * r; sums[pixel + 2] += w * g; sums[pixel + 3] += w * b;
      }
    }
  }

  /** How fast pixels become opaque: dense maps need less. @param {number} radius */
  opacity(radius) {
    if (radius >= 2) return 1.9;
    const { sums } = this;
    let filled = 0, total = 0;
    for (let i = 0; i < sums.length; i += 4) if (sums[i] > 0) { filled++; total += sums[i]; }
    return filled ? Math.min(1.9, Math.max(0.1, 2.2 / (total / FULL / filled))) : 1;
  }

  /** Over the pixels of `data`. @param {ImageData} data @param {number} strength */
  over(data, strength) {
    const { sums } = this;
    const out = data.data;
    const alphas = Float64Array.from({ length: 1024 }, (_, w) => 1 - Math.exp((-strength * w) / FULL));
    for (let at = 0; at < sums.length; at += 4) {
      const w = sums[at];
      if (w === 0) continue;
      const alpha = w < alphas.length ? alphas[w] : 1 - Math.exp((-strength * w) / FULL);
      const under = (1 - alpha) * (out[at + 3] / 255);
      const total = alpha + under, own = alpha / w / total, behind = under / total;
      // The array rounds.
      out[at] = own * sums[at + 1] + behind * out[at]; out[at + 1] = own * sums[at + 2] + behind * out[at + 1]; out[at + 2] = own * sums[at + 3] + behind * out[at + 2];
      out[at + 3] = 255 * total;
    }
  }
}

/**
 * A grid of values as smooth colours under the points.
 * @param {ImageData} data @param {{values: Float32Array, side: number, box: number[], low: number, high: number}} heat
 * @param {{x0: number, y0: number, scale: number}} view @param {Uint8Array} ramp 256 colours
 */
export function paintHeat(data, heat, view, ramp) {
  const { values, side, box: [x0, x1, y0, y1] } = heat;
  const { width, height } = data;
  // A pixel is one number, red lowest: processors of browsers are little-endian, as the buffers of this server.
  const out = new Uint32Array(data.data.buffer);
  const colors = Uint32Array.from({ length: 256 }, (_, k) => ((220 << 24) | (ramp[3 * k + 2] << 16) | (ramp[3 * k + 1] << 8) | ramp[3 * k]) >>> 0);
  // Cells of the grid and the share of the next one, for each column of pixels.
  const share = (/** @type {number} */ at) => { const cell = Math.min(side - 2, Math.max(0, Math.floor(at))); return [cell, Math.min(1, Math.max(0, at - cell))]; };
  const columns = Array.from({ length: width }, (_, px) => ((view.x0 + (px + 0.5) / view.scale - x0) / (x1 - x0)) * side - 0.5);
  const [first, last] = [columns.findIndex((u) => u >= -0.5), columns.findLastIndex((u) => u <= side - 0.5)];
  const cells = Int32Array.from(columns, (u) => share(u)[0]), shares = Float64Array.from(columns, (u) => share(u)[1]);
  const factor = 255 / (heat.high - heat.low || 1);
  const line = new Float64Array(side);
  for (let py = 0; py < height; py++) {
    const v = ((view.y0 - (py + 0.5) / view.scale - y0) / (y1 - y0)) * side - 0.5;
    if (v < -0.5 || v > side - 0.5 || first < 0) continue;
    const [j, t] = share(v);
    for (let i = 0; i < side; i++) line[i] = (1 - t) * values[j * side + i] + t * values[(j + 1) * side + i];
    for (let px = first; px <= last; px++) {
      const value = line[cells[px]] + shares[px] * (line[cells[px] + 1] - line[cells[px]]);
      out[py * width + px] = colors[Math.min(255, Math.max(0, Math.round(factor * (value - heat.low))))];
    }
  }
}
