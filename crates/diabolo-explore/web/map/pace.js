// How many points a frame can have: its time is a fixed part, and a part for each point.

/** Frames whose median counts: one that the system interrupted does not. */
const RECENT = 5;

export class Pace {
  /** @param {number} budget milliseconds that a frame may take */
  constructor(budget) {
    this.budget = budget;
    /** @type {{fixed: number, perPoint: number}[]} */
    this.frames = [];
  }

  /** Takes in a frame: all its time, and the part for its points. @param {number} took @param {number} ofPoints @param {number} count */
  measure(took, ofPoints, count) {
    if (!count) return;
    this.frames.push({ fixed: took - ofPoints, perPoint: ofPoints / count });
    if (this.frames.length > RECENT) this.frames.shift();
  }

  /** Points of the next frame. @param {number} all @param {number} least */
  count(all, least) {
    const median = (/** @type {number[]} */ values) => values.sort((a, b) => a - b)[values.length >> 1];
    const { frames } = this;
    const [fixed, perPoint] = frames.length ? [median(frames.map((f) => f.fixed)), median(frames.map((f) => f.perPoint))] : [0, 2e-5];
    return Math.min(all, Math.max(least, Math.floor((this.budget - fixed) / Math.max(perPoint, 1e-9))));
  }
}
