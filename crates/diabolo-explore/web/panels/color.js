// What colours the points, and the legend.

import { formula, h, number, problem, rgb } from '../dom.js';
import { buffers } from '../server.js';

const CATEGORIES = ['--c0', '--c1', '--c2', '--c3', '--c4', '--c5', '--c6', '--c7', '--c8', '--c9'];
const SEQUENCE = ['--s0', '--s1', '--s2', '--s3', '--s4', '--s5', '--s6', '--s7'];
/** The last colour is for missing values and unselected points. */
const MISSING = 255;

/** 256 colours between those of a sequence. @param {number[][]} stops @returns {Uint8Array} */
function ramp(stops) {
  const colors = new Uint8Array(768);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (stops.length - 1), k = Math.min(stops.length - 2, Math.floor(at));
    for (let c = 0; c < 3; c++) colors[3 * i + c] = Math.round(stops[k][c] + (stops[k + 1][c] - stops[k][c]) * (at - k));
  }
  return colors;
}

export class Colors {
  /** @param {any} run @param {number} index @param {import('../store.js').Store} store */
  constructor(run, index, store) {
    this.run = run; this.index = index; this.store = store;
    this.legend = h('div', { class: 'legend' });
    this.heatLegend = h('span', { class: 'ramp' });
    /** Levels that are switched off. @type {Set<number>} */
    this.off = new Set();
    /** @type {any} */
    this.current = null;
    this.onToggle = () => {};
    this.asked = 0;
  }

  /** The choices: words of the state and their names. @returns {[string, string][]} */
  choices() {
    const { run } = this;
    const columns = [...new Set([run.label, ...run.columns.filter((c) => c.kind !== 'image').map((c) => c.name).filter((name) => !/\[-\d+\]$/.test(name))].filter(Boolean))];
    return [
      ...columns.map((name) => /** @type {[string, string]} */ ([`column:${name}`, name])),
      ...(run.parts.other < run.rows ? [/** @type {[string, string]} */ (['part:', 'part of the fit'])] : []),
      ...(run.scores ? [/** @type {[string, string]} */ (['score:', 'anomaly score'])] : []),
      ['contraction:', 'contraction ‖J_f(x)‖_F'],
      ...run.latent.slice(0, 200).map((name, k) => /** @type {[string, string]} */ ([`latent:${k}`, `latent ${k + 1}`])),
    ];
  }

  word() {
    const choices = this.choices();
    return choices.some(([word]) => word === this.store.state.color) ? this.store.state.color : choices[0][0];
  }

  /** The colours of the chosen word; nothing if another is chosen before they come. */
  async load() {
    const own = ++this.asked;
    const word = this.word();
    const [by, of] = [word.slice(0, word.indexOf(':')), word.slice(word.indexOf(':') + 1)];
    try {
      const { head, f32 } = await buffers('/api/color', { run: this.index, by, of });
      if (own !== this.asked) return null;
      this.off.clear();
      this.current = { head, values: f32(this.run.rows) };
    } catch (error) {
      if (own !== this.asked) return null;
      this.legend.replaceChildren(problem(error));
      if (!this.current) this.current = { head: { kind: 'number', title: '', low: 0, high: 1 }, values: new Float32Array(this.run.rows) };
      return this.mapped();
    }
    const made = this.mapped();
    this.drawLegend(made.palette);
    return made;
  }

  /** Values to colours. */
  mapped() {
    const { head, values } = this.current;
    const grey = rgb('--other');
    if (head.kind === 'category') {
      const palette = new Uint8Array(768);
      head.levels.forEach((_, k) => palette.set(head.rest && k === head.levels.length - 1 ? rgb('--other') : rgb(CATEGORIES[k % 10]), 3 * k));
      palette.set(grey, 3 * MISSING);
      return { values, palette, index: (v) => (Number.isNaN(v) ? MISSING : v) };
    }
    const palette = ramp(SEQUENCE.map(rgb));
    palette.set(grey, 3 * MISSING);
    const span = head.high - head.low || 1;
    return { values, palette, index: (v) => (Number.isNaN(v) ? MISSING : Math.min(254, Math.max(0, Math.round((254 * (v - head.low)) / span)))) };
  }

  /** Grey, so that the points keep their colours. */
  heatRamp() { return ramp([rgb('--page'), rgb('--other'), rgb('--strong-rule')]); }

  /** @param {Uint8Array} palette */
  drawLegend(palette) {
    const { head } = this.current;
    const parts = [h('span', { class: 'title' }, this.word() === 'contraction:' ? formula(head.title) : head.title)];
    const css = (k) => `rgb(${palette[3 * k]} ${palette[3 * k + 1]} ${palette[3 * k + 2]})`;
    if (head.kind === 'category') {
      head.levels.forEach((level, k) => {
        if (!level.rows) return;
        const button = h('button', { class: 'level', type: 'button', 'aria-pressed': 'true', title: 'show or hide', onclick: () => {
          const off = !this.off.delete(k);
          if (off) this.off.add(k);
          button.setAttribute('aria-pressed', String(!off));
          this.onToggle();
        } }, h('span', { class: 'dot', style: { background: css(k) } }), h('span', { text: level.name }), h('small', { text: level.rows.toLocaleString('en') }));
        parts.push(button);
      });
    } else {
      // A zero of the table is nearly one after encoding.
      const end = (/** @type {number} */ v) => (Math.abs(v) < 1e-6 * (head.high - head.low) ? 0 : v);
      parts.push(h('span', { class: 'ramp num' }, h('span', { text: number(end(head.low)) }), this.bar(palette), h('span', { text: number(end(head.high)) }), head.unit ? h('span', { class: 'soft', text: head.unit }) : null));
    }
    if (head.missing) parts.push(h('span', { class: 'soft', text: `${head.missing.toLocaleString('en')} without a value` }));
    this.legend.replaceChildren(...parts, this.heatLegend);
  }

  bar(palette) {
    const canvas = h('canvas', { width: 255, height: 1, 'aria-hidden': 'true' });
    const data = new ImageData(255, 1);
    for (let i = 0; i < 255; i++) { data.data.set(palette.subarray(3 * i, 3 * i + 3), 4 * i); data.data[4 * i + 3] = 255; }
    canvas.getContext('2d').putImageData(data, 0, 0);
    return canvas;
  }

  /** @param {number[] | null} range */
  heat(range) {
    if (!range) { this.heatLegend.replaceChildren(); return; }
    this.heatLegend.title = 'How sensitive the encoder is at the row that a point of the plane decodes to';
    this.heatLegend.replaceChildren(h('span', { class: 'title' }, formula('‖J_f(g(z))‖_F')), h('span', { class: 'num', text: number(range[0]) }), this.bar(this.heatRamp()), h('span', { class: 'num', text: number(range[1]) }));
  }
}
