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
    /** Weight, then weighted red, green and blue, of each pixel. */
    this.sums = [0, 1, 2, 3].map(() => new Uint32Array(width * height));
  }

  clear() { this.sums.forEach((sum) => sum.fill(0)); }

  /**
   * Adds the points from `from` to `to`.
   * @param {{x: Float32Array, y: Float32Array, color: Uint8Array, mask: Uint8Array | null}} points
   * @param {{x0: number, y0: number, scale: number}} view pixel = ((x − x0) scale, (y0 − y) scale)
   * @param {Uint8Array} palette 256 colours
   * @param {number} radius @param {number} from @param {number} to
   */
  add(points, view, palette, radius, from, to) {
    const { width, height } = this;
    const [weights, reds, greens, blues] = this.sums;
    const stamp = disc(radius);
    const { x, y, color, mask } = points;
    for (let i = from; i < to; i++) {
      const px = Math.floor((x[i] - view.x0) * view.scale);
      const py = Math.floor((view.y0 - y[i]) * view.scale);
      if (!(px >= -8 && py >= -8 && px < width + 8 && py < height + 8)) continue;
      const out = mask !== null && mask[i] === 0;
      const at = 3 * (out ? 255 : color[i]);
      const [r, g, b] = [palette[at], palette[at + 1], palette[at + 2]];
      for (let k = 0; k < stamp.length; k++) {
        const sx = px + stamp[k][0], sy = py + stamp[k][1];
        if (sx < 0 || sy < 0 || sx >= width || sy >= height) continue;
        const pixel = sy * width + sx;
        // Points outside a selection stay behind those within, and as round.
        const w = out ? Number(2 * stamp[k][2] > FULL) : stamp[k][2];
        weights[pixel] += w; reds[pixel] += w * r; greens[pixel] += w * g; blues[pixel] += w * b;
      }
    }
  }

  /** How fast pixels become opaque: dense maps need less. @param {number} radius */
  opacity(radius) {
    if (radius >= 2) return 1.9;
    let filled = 0, total = 0;
    const weights = this.sums[0];
    for (let i = 0; i < weights.length; i++) if (weights[i] > 0) { filled++; total += weights[i]; }
    return filled ? Math.min(1.9, Math.max(0.1, 2.2 / (total / FULL / filled))) : 1;
  }

  /** Over the pixels of `data`. @param {ImageData} data @param {number} strength */
  over(data, strength) {
    const [weights, reds, greens, blues] = this.sums;
    const out = data.data;
    for (let i = 0; i < weights.length; i++) {
      const w = weights[i];
      if (w === 0) continue;
      const alpha = 1 - Math.exp((-strength * w) / FULL);
      const at = 4 * i, under = out[at + 3] / 255;
      const total = alpha + under * (1 - alpha);
      const mix = (sum, behind) => Math.round((alpha * (sum / w) + (1 - alpha) * under * behind) / total);
      out[at] = mix(reds[i], out[at]); out[at + 1] = mix(greens[i], out[at + 1]); out[at + 2] = mix(blues[i], out[at + 2]);
      out[at + 3] = Math.round(255 * total);
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
  for (let py = 0; py < height; py++) {
    const v = ((view.y0 - (py + 0.5) / view.scale - y0) / (y1 - y0)) * side - 0.5;
    if (v < -0.5 || v > side - 0.5) continue;
    const j = Math.min(side - 2, Math.max(0, Math.floor(v))), t = Math.min(1, Math.max(0, v - j));
    for (let px = 0; px < width; px++) {
      const u = ((view.x0 + (px + 0.5) / view.scale - x0) / (x1 - x0)) * side - 0.5;
      if (u < -0.5 || u > side - 0.5) continue;
      const i = Math.min(side - 2, Math.max(0, Math.floor(u))), s = Math.min(1, Math.max(0, u - i));
      const at = j * side + i;
      const value = (1 - t) * ((1 - s) * values[at] + s * values[at + 1]) + t * ((1 - s) * values[at + side] + s * values[at + side + 1]);
      const share = Math.min(255, Math.max(0, Math.round((255 * (value - heat.low)) / (heat.high - heat.low || 1))));
      const pixel = 4 * (py * width + px);
      data.data[pixel] = ramp[3 * share]; data.data[pixel + 1] = ramp[3 * share + 1]; data.data[pixel + 2] = ramp[3 * share + 2];
      data.data[pixel + 3] = 220;
    }
  }
}
