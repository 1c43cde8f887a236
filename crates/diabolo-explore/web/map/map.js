// The map of one run: points, axes, and the tools to drag, select and move.

import { h, problem, s, number, ticks } from '../dom.js';
import { buffers, get, latest } from '../server.js';
import { Colors } from '../panels/color.js';
import { Grid } from './index.js';
import { mask } from './lasso.js';
import { snapped } from '../quantized.js';

/** How near a pointer must be to a point, and how far a click may move, in pixels. */
const NEAR = 12, STILL = 4;

/** @param {Uint8Array} mask */
function ones(mask) {
  let sum = 0;
  for (let i = 0; i < mask.length; i++) sum += mask[i];
  return sum;
}

export class RunMap {
  /** @param {any} run its entry in the session @param {number} index @param {import('../store.js').Store} store @param {(row: number | null, map: RunMap) => void} onHover */
  constructor(run, index, store, onHover) {
    this.run = run; this.index = index; this.store = store; this.onHover = onHover;
    /** @type {(within: Uint8Array) => void} */
    this.onSelected = () => {};
    /** Where the decoded row is encoded. @type {number[] | null} */
    this.returned = null;
    /** The codes between two rows. @type {number[][]} */
    this.path = [];
    /** Points within the selection; null before it is known. @type {number | null} */
    this.selected = null;
    this.title = h('span', {}, h('b', { text: run.name }));
    this.kept = h('span', { class: 'num' });
    this.trouble = h('div', { class: 'trouble' });
    this.heatTrouble = h('div', { class: 'trouble' });
    this.canvas = h('canvas', { 'aria-hidden': 'true' });
    this.svg = s('svg', { tabindex: 0, role: 'application', 'aria-label': `Map of ${run.name}: ${run.cannot_decode ? '' : 'arrow keys move the decoded point, '}plus and minus zoom` });
    this.marks = s('g'); this.pointer = s('g');
    this.svg.append(this.marks, this.pointer);
    this.width = this.height = 0;
    this.tip = h('div', { class: 'tip hidden', role: 'status' });
    this.field = h('div', { class: 'field' }, this.canvas, this.svg, this.tip);
    this.colors = new Colors(run, index, store);
    this.element = h('section', { class: 'map' }, h('header', {}, this.title, this.kept), this.field, this.colors.legend, this.trouble, this.heatTrouble);
    this.worker = new Worker('/map/worker.js', { type: 'module' });
    const surface = this.canvas.transferControlToOffscreen();
    this.worker.postMessage({ kind: 'canvas', canvas: surface }, [surface]);
    this.worker.onmessage = ({ data }) => this.drawn(data);
    /** @type {any} */
    this.plane = null;
    this.view = { cx: 0, cy: 0, scale: 1 };
    this.moving = 0; this.hovered = -1; this.rest = 0; this.loads = 0;
    this.wantHeat = latest(() => this.loadHeat(), (error) => this.heatTrouble.replaceChildren(problem(error)));
    new ResizeObserver(() => this.resize()).observe(this.field);
    this.listen();
  }

  /** @param {Error} error */
  failed(error) { this.trouble.replaceChildren(problem(error)); }

  /** Loads the points, unless other axes are asked for before they come. @param {string} axes */
  async load(axes) {
    const own = ++this.loads;
    this.selected = null;
    this.axes = this.run.latent.length > 2 ? axes : 'principal';
    try {
      const points = await buffers('/api/points', { run: this.index, axes: this.axes });
      if (own !== this.loads) return;
      this.trouble.replaceChildren();
      await this.take(points);
      const quality = await get('/api/quality', { run: this.index, axes: this.axes });
      if (own === this.loads && quality) this.describe(quality);
    } catch (error) { if (own === this.loads) this.failed(error); }
  }

  /** @param {{head: any, u32: (count: number) => Uint32Array, f32: (count: number) => Float32Array}} points */
  async take({ head, u32, f32 }) {
    this.ids = u32(head.count); this.x = f32(head.count); this.y = f32(head.count);
    this.plane = head.plane;
    this.at = new Int32Array(head.count);
    this.ids.forEach((id, i) => { this.at[id] = i; });
    this.worker.postMessage({ kind: 'points', x: this.x, y: this.y });
    this.grid = new Grid(this.x, this.y);
    this.fit();
    await this.recolor();
    this.paint();
    this.wantHeat(0);
    this.kept.textContent = '';
  }

  /** How well the plane keeps neighbours. @param {any} quality */
  describe(quality) {
    this.kept.textContent = `trustworthiness ${quality.trustworthiness.toFixed(2)} · ${Math.round(100 * quality.preservation)} % of ${quality.neighbours} neighbours kept`;
    this.kept.title = 'Trustworthiness: 1 if every neighbour on this map is a neighbour in the data (Venna & Kaski 2001). Measured on up to 1,000 rows.';
  }

  async recolor() {
    const colored = await this.colors.load();
    if (!colored) return;
    const color = new Uint8Array(this.ids.length);
    for (let i = 0; i < color.length; i++) color[i] = colored.index(colored.values[this.ids[i]]);
    this.worker.postMessage({ kind: 'color', color, palette: colored.palette });
    this.sendMask();
  }

  /** Points outside a selection, or of levels that are switched off, are grey. */
  sendMask() {
    const { lasso, run } = this.store.state;
    let within = null;
    if (lasso.length > 2) {
      const own = run === this.index ? mask(lasso, this.x, this.y) : null;
      within = own ?? this.linked;
      if (own) this.onSelected(own);
    }
    this.selected = within ? ones(within) : null;
    this.element.dataset.selected = String(this.selected ?? '');
    const off = this.colors.off;
    if (off.size && this.colors.current) {
      within = within ? within.slice() : new Uint8Array(this.ids.length).fill(1);
      const { values } = this.colors.current;
      for (let i = 0; i < within.length; i++) if (off.has(values[this.ids[i]])) within[i] = 0;
    }
    this.worker.postMessage({ kind: 'mask', mask: within ?? null });
  }

  /** The same rows as selected on another map: 1 for each of them. @param {Uint8Array | null} rows */
  link(rows) {
    this.linked = rows && this.ids ? Uint8Array.from(this.ids, (id) => rows[id]) : null;
    if (this.ids) this.sendMask();
  }

  async loadHeat() {
    const { heat, arrows } = this.store.state;
    this.ends = null;
    this.heatTrouble.replaceChildren();
    if ((!heat && !arrows) || this.run.cannot_decode || !this.plane) {
      this.worker.postMessage({ kind: 'heat', heat: null });
      this.paint();
      return;
    }
    const { axes } = this;
    const [a, b] = [this.toPlane(0, this.height), this.toPlane(this.width, 0)];
    const box = { x0: a[0], x1: b[0], y0: a[1], y1: b[1] };
    const { head, f32 } = await buffers('/api/heat', { run: this.index, axes, given: JSON.stringify(this.given()), ...box });
    // Of other axes: the map asks again when it has their points.
    if (axes !== this.axes) return;
    const values = f32(head.heat ** 2), ends = f32(2 * head.arrows ** 2);
    const sorted = Float32Array.from(values).sort();
    const heatMap = { values, side: head.heat, box: [box.x0, box.x1, box.y0, box.y1], low: sorted[0], high: sorted[Math.floor(0.98 * (sorted.length - 1))] };
    this.heatRange = heat ? [heatMap.low, heatMap.high] : null;
    this.worker.postMessage({ kind: 'heat', heat: heat ? heatMap : null, ramp: this.colors.heatRamp() });
    if (arrows) this.ends = { side: head.arrows, box, ends };
    this.colors.heat(this.heatRange);
    this.paint();
  }

  // ---- the view ----

  resize() {
    const ratio = Math.min(2, devicePixelRatio || 1);
    // Kept: to ask for them makes the browser lay out the page.
    const [width, height] = [this.field.clientWidth, this.field.clientHeight];
    if (!width || !height) return;
    this.width = width; this.height = height;
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.worker.postMessage({ kind: 'size', width: Math.round(width * ratio), height: Math.round(height * ratio), ratio });
    if (this.plane) { this.fit(); this.sendView(false); this.paint(); this.wantHeat(0); }
  }

  /** Shows all points but the most distant. */
  fit() {
    const range = (values) => {
      const sorted = Float32Array.from(values.length > 20000 ? values.subarray(0, 20000) : values).sort();
      const q = (share) => sorted[Math.round(share * (sorted.length - 1))];
      const [low, high] = [q(0.002), q(0.998)];
      return [low, Math.max(high, low + 1e-6)];
    };
    const [[x0, x1], [y0, y1]] = [range(this.x), range(this.y)];
    const pad = 46;
    // One dimension of code has no second axis to keep in proportion.
    this.stretch = this.run.latent.length === 1 ? ((x1 - x0) / (y1 - y0)) * (Math.max(20, this.height - 2 * pad) / Math.max(20, this.width - 2 * pad)) * 0.4 : 1;
    const scale = Math.min((this.width - 2 * pad) / (x1 - x0), (this.height - 2 * pad) / ((y1 - y0) * this.stretch));
    this.view = { cx: (x0 + x1) / 2, cy: (y0 + y1) / 2, scale: Math.max(scale, 1e-9) };
    this.sendView(false);
  }

  /** @param {boolean} moving */
  sendView(moving) {
    const { cx, cy, scale } = this.view;
    const view = { x0: cx - this.width / 2 / scale, y0: cy + this.height / 2 / scale, scale };
    this.worker.postMessage({ kind: 'view', view, moving });
    clearTimeout(this.rest);
    if (moving) this.rest = setTimeout(() => this.wantHeat(0), 250);
  }

  /** @param {number} px @param {number} py @returns {[number, number]} */
  toPlane(px, py) { return [this.view.cx + (px - this.width / 2) / this.view.scale, this.view.cy - (py - this.height / 2) / this.view.scale]; }
  /** @param {number} x @param {number} y @returns {[number, number]} */
  toPixels(x, y) { return [(x - this.view.cx) * this.view.scale + this.width / 2, (this.view.cy - y) * this.view.scale + this.height / 2]; }

  /** The point of a code. @param {number[]} code @returns {[number, number]} */
  place(code) {
    const along = (axis) => code.reduce((sum, z, k) => sum + (z - this.plane.origin[k]) * axis[k], 0);
    return [along(this.plane.first), along(this.plane.second)];
  }

  /** A code moved to a point of the plane; what is not on the plane stays. @param {number[]} code @param {[number, number]} to */
  moved(code, to) {
    const from = this.place(code);
    const [dx, dy] = [to[0] - from[0], this.run.latent.length > 1 ? to[1] - from[1] : 0];
    return snapped(this.run.codebooks, code.map((z, k) => Math.fround(z + dx * this.plane.first[k] + dy * this.plane.second[k])));
  }

  /** @param {number} px @param {number} py @param {number} factor */
  zoom(px, py, factor) {
    const [x, y] = this.toPlane(px, py);
    this.view.scale *= factor;
    const [nx, ny] = this.toPlane(px, py);
    this.view.cx += x - nx; this.view.cy += y - ny;
    this.sendView(true); this.paint();
  }

  // ---- the pointer and the keyboard ----

  listen() {
    /** @type {(event: any) => [number, number]} */
    const place = (event) => { const box = this.field.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
    this.svg.addEventListener('wheel', (event) => { event.preventDefault(); this.zoom(...place(event), Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016))); }, { passive: false });
    this.svg.addEventListener('pointerdown', (event) => { if (event.button === 0) this.press(event, place); });
    this.svg.addEventListener('pointermove', (event) => { if (!this.moving) this.hover(...place(event)); });
    this.svg.addEventListener('pointerleave', () => this.hover(NaN, NaN));
    this.svg.addEventListener('dblclick', () => { this.fit(); this.paint(); this.wantHeat(0); });
    this.svg.addEventListener('keydown', (event) => this.key(event));
  }

  /** @param {any} event @param {(event: any) => [number, number]} place */
  press(event, place) {
    const { tool, run } = this.store.state;
    const kind = event.shiftKey ? 'pan' : tool;
    const start = place(event);
    let last = start, far = false;
    const corner = (/** @type {[number, number]} */ at) => /** @type {[number, number]} */ (this.toPlane(...at).map(Math.fround));
    const path = [corner(start)];
    this.svg.setPointerCapture(event.pointerId);
    this.svg.focus({ preventScroll: true });
    this.moving++;
    this.svg.classList.add('busy');
    const move = (next) => {
      const now = place(next);
      far ||= Math.hypot(now[0] - start[0], now[1] - start[1]) > STILL;
      if (!far) return;
      if (kind === 'pan') {
        this.view.cx -= (now[0] - last[0]) / this.view.scale; this.view.cy += (now[1] - last[1]) / this.view.scale;
        this.sendView(true); this.paint();
      } else if (kind === 'lasso') {
        path.push(corner(now));
        this.drawing = path; this.paint();
      } else if (kind === 'decode') this.drag(this.toPlane(...now));
      last = now;
    };
    const up = () => {
      this.moving--;
      this.svg.classList.remove('busy');
      ['pointermove', 'pointerup', 'pointercancel'].forEach((name, k) => this.svg.removeEventListener(name, k ? up : move));
      this.drawing = null;
      if (kind === 'lasso' && far) this.store.set({ run: this.index, lasso: path.length > 2 ? path : [], tab: 'selection' });
      else if (kind === 'lasso') this.store.set({ lasso: [] });
      else if (!far) this.click(start, kind);
      this.paint();
    };
    this.svg.addEventListener('pointermove', move); this.svg.addEventListener('pointerup', up); this.svg.addEventListener('pointercancel', up);
    if (run !== this.index && kind !== 'pan') this.store.set({ run: this.index, code: null, lasso: [] });
  }

  /** @param {[number, number]} to */
  drag(to) {
    if (this.run.cannot_decode) return;
    this.store.set({ run: this.index, code: this.moved(this.code(), to), tab: this.store.state.tab === 'selection' ? 'decode' : this.store.state.tab });
  }

  click([px, py], kind) {
    const [x, y] = this.toPlane(px, py);
    const found = this.grid.nearest(x, y, NEAR / this.view.scale);
    if (found >= 0 && kind === 'path') this.store.set({ to: this.ids[found], tool: 'decode' });
    else if (found >= 0) this.store.set({ run: this.index, row: this.ids[found], code: null, ...(this.run.cannot_decode ? { tab: 'row' } : {}) });
    else if (kind === 'decode') this.drag([x, y]);
  }

  key(event) {
    const step = (event.shiftKey ? 40 : 8) / this.view.scale;
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    const by = moves[event.key];
    if (by) { event.preventDefault(); this.step(by); }
    else if (event.key === '+' || event.key === '=') this.zoom(this.width / 2, this.height / 2, 1.25);
    else if (event.key === '-') this.zoom(this.width / 2, this.height / 2, 0.8);
    else if (event.key === '0') { this.fit(); this.paint(); this.wantHeat(0); }
    else if (event.key === 'Escape') this.store.set({ lasso: [], row: null, to: null, ...(this.store.state.tool === 'path' ? { tool: 'decode' } : {}) });
  }

  /** Moves the decoded point; a quantized code, as far as its next vector. @param {number[]} by */
  step(by) {
    if (this.run.cannot_decode) return;
    const code = this.code(), [x, y] = this.place(code);
    for (let k = 1; k <= 64; k *= 2) {
      const next = this.moved(code, [x + k * by[0], y + k * by[1]]);
      if (next.some((z, unit) => z !== code[unit])) { this.drag([x + k * by[0], y + k * by[1]]); return; }
    }
  }

  /** @param {number} px @param {number} py */
  hover(px, py) {
    if (!this.grid) return;
    const found = Number.isFinite(px) ? this.grid.nearest(...this.toPlane(px, py), NEAR / this.view.scale) : -1;
    if (found === this.hovered) return;
    this.hovered = found;
    this.onHover(found < 0 ? null : this.ids[found], this);
  }

  /** Shows a row that is hovered on any map. @param {number | null} row @param {string} text */
  show(row, text) {
    this.hovered = row === null || row >= this.at.length ? -1 : this.at[row];
    this.tip.classList.toggle('hidden', this.hovered < 0 || !text);
    if (this.hovered >= 0) {
      const [px, py] = this.toPixels(this.x[this.hovered], this.y[this.hovered]);
      this.tip.textContent = text;
      const right = px > this.width * 0.6;
      Object.assign(this.tip.style, { left: right ? 'auto' : `${px + 14}px`, right: right ? `${this.width - px + 14}px` : 'auto', top: `${Math.max(4, py - 34)}px` });
    }
    this.paintPointer();
  }

  /** The code that is decoded: the given one, or the mean of all codes. */
  code() {
    const { code } = this.store.state;
    return snapped(this.run.codebooks, code && code.length === this.run.latent.length ? code : this.run.dimensions.map(([mean]) => Math.fround(mean)));
  }

  /** The values of this run's condition columns. @returns {Record<string, string>} */
  given() {
    const { given } = this.store.state;
    return Object.fromEntries(this.run.conditions.filter(({ name }) => name in given).map(({ name }) => [name, given[name]]));
  }

  // ---- drawing ----

  drawn({ drawn, took }) {
    this.element.dataset.drawn = String(drawn);
    this.element.dataset.took = took.toFixed(1);
  }

  paint() {
    if (!this.plane || !this.width) return;
    const parts = [...this.axisMarks(), ...this.arrowMarks(), ...this.pathMarks(), ...this.selectionMarks()];
    const { row, run } = this.store.state;
    if (row !== null && row < this.at.length) parts.push(this.dot(this.at[row], 'pinned', 8));
    if (run === this.index && !this.run.cannot_decode) parts.push(...this.markerMarks());
    this.marks.replaceChildren(...parts);
    this.paintPointer();
    this.svg.setAttribute('class', `tool-${this.store.state.tool}${this.moving ? ' busy' : ''}`);
  }

  /** Apart from the other marks: it changes with each move of the pointer. */
  paintPointer() {
    this.pointer.replaceChildren(...(this.hovered >= 0 ? [this.dot(this.hovered, 'hovered', 6)] : []));
  }

  /** @param {number} i a point @param {string} name @param {number} r */
  dot(i, name, r) {
    const [cx, cy] = this.toPixels(this.x[i], this.y[i]);
    return s('circle', { class: name, cx, cy, r });
  }

  markerMarks() {
    const [cx, cy] = this.toPixels(...this.place(this.code()));
    const marks = [s('circle', { class: 'here-halo', cx, cy, r: 9 }), s('circle', { class: 'here', cx, cy, r: 9 })];
    if (this.returned) {
      const [bx, by] = this.toPixels(...this.place(this.returned));
      if (Math.hypot(bx - cx, by - cy) > 4) marks.unshift(s('line', { class: 'back', x1: cx, y1: cy, x2: bx, y2: by }), s('circle', { class: 'hovered', cx: bx, cy: by, r: 3 }));
    }
    return marks;
  }

  axisMarks() {
    const [x0, y0] = this.toPlane(0, this.height), [x1, y1] = this.toPlane(this.width, 0);
    const marks = [];
    for (const v of ticks(x0, x1, this.width / 110)) {
      const [px] = this.toPixels(v, 0);
      if (px < 30 || px > this.width - 20) continue;
      marks.push(s('line', { class: 'tick', x1: px, x2: px, y1: this.height - 26, y2: this.height - 21 }), s('text', { x: px, y: this.height - 9, 'text-anchor': 'middle', text: number(v) }));
    }
    if (this.run.latent.length > 1) {
      for (const v of ticks(y0, y1, this.height / 80)) {
        const [, py] = this.toPixels(0, v);
        if (py < 30 || py > this.height - 40) continue;
        marks.push(s('line', { class: 'tick', x1: 8, x2: 13, y1: py, y2: py }), s('text', { x: 17, y: py + 4, text: number(v) }));
      }
    }
    marks.push(s('text', { class: 'axis', x: this.width - 10, y: this.height - 30, 'text-anchor': 'end', text: `${this.plane.labels[0]} →` }), s('text', { class: 'axis', x: 12, y: 18, text: `↑ ${this.plane.labels[1]}` }));
    return marks;
  }

  /** Where f(g(z)) takes points of the plane. */
  arrowMarks() {
    if (!this.ends || !this.store.state.arrows) return [];
    const { side, box, ends } = this.ends;
    const marks = [];
    for (let i = 0; i < side * side; i++) {
      const x = box.x0 + ((box.x1 - box.x0) * ((i % side) + 0.5)) / side, y = box.y0 + ((box.y1 - box.y0) * (Math.floor(i / side) + 0.5)) / side;
      const [ax, ay] = this.toPixels(x, y), [bx, by] = this.toPixels(ends[2 * i], ends[2 * i + 1]);
      const length = Math.hypot(bx - ax, by - ay), cut = Math.min(1, 34 / (length || 1));
      if (length < 2) continue;
      const [ex, ey] = [ax + (bx - ax) * cut, ay + (by - ay) * cut], [ux, uy] = [(bx - ax) / length, (by - ay) / length];
      marks.push(s('path', { class: 'arrow', d: `M${ax} ${ay}L${ex} ${ey}m${-5 * ux - 3 * uy} ${-5 * uy + 3 * ux}L${ex} ${ey}l${-5 * ux + 3 * uy} ${-5 * uy - 3 * ux}` }));
    }
    return marks;
  }

  /** The codes between two rows. */
  pathMarks() {
    const at = this.path.map((code) => this.toPixels(...this.place(code)));
    if (!at.length) return [];
    return [s('path', { class: 'path', d: `M${at.map((p) => p.join(' ')).join('L')}` }), ...at.map(([cx, cy]) => s('circle', { class: 'step', cx, cy, r: 3.5 }))];
  }

  selectionMarks() {
    const { lasso, run } = this.store.state;
    const path = this.drawing ?? (run === this.index ? lasso : []);
    if (path.length < 2) return [];
    return [s('path', { class: 'lasso', d: `M${path.map((p) => this.toPixels(...p).map((v) => v.toFixed(1)).join(' ')).join('L')}Z` })];
  }
}
