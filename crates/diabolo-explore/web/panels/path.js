// The codes on the straight line between two rows, decoded one after the other.

import { counted, h, number, problem } from '../dom.js';
import { get, latest, post } from '../server.js';
import { picture } from '../picture.js';
import { snapped } from '../quantized.js';
import { bundle } from './series.js';

/** Codes of a path with both ends, and columns of a table that are shown. */
const STEPS = 9, COLUMNS = 60;

export class Path {
  /** @param {{session: any, store: import('../store.js').Store, maps: any[]}} shared */
  constructor({ session, store, maps }) {
    this.session = session; this.store = store; this.maps = maps;
    /** The row at the start, with its code. @type {{row: number, code: number[]} | null} */
    this.start = null;
    this.field = h('input', { type: 'number', min: 1, step: 1, placeholder: 'row', 'aria-label': 'path to row', onchange: () => this.choose(Number(this.field.value)) });
    this.pick = h('button', { type: 'button', text: 'Choose on the map', onclick: () => store.set({ tool: store.state.tool === 'path' ? 'decode' : 'path' }) });
    this.clear = h('button', { type: 'button', text: 'Clear', onclick: () => store.set({ to: null }) });
    this.body = h('div', { id: 'path', role: 'status' });
    this.element = h('section', { class: 'path-part' }, h('h3', { text: 'Path to another row' }), h('div', { class: 'row-actions' }, this.field, this.pick, this.clear), this.body);
    this.want = latest(() => this.load(), (error) => { this.show([]); this.body.replaceChildren(problem(error)); });
  }

  get run() { return this.session.runs[this.store.state.run]; }

  /** A row number from 1, as it is typed. @param {number} row */
  choose(row) {
    const { rows } = this.run;
    if (Number.isInteger(row) && row >= 1 && row <= rows) this.store.set({ to: row - 1, tool: 'decode' });
    else this.body.replaceChildren(problem(new Error(`a row from 1 to ${rows.toLocaleString('en')} is expected`)));
  }

  /** @param {{row: number, code: number[]}} start */
  from(start) { this.start = start; this.update(); }

  update() {
    const { to, tool } = this.store.state;
    this.pick.setAttribute('aria-pressed', String(tool === 'path'));
    this.pick.textContent = tool === 'path' ? 'Click a point …' : 'Choose on the map';
    this.clear.classList.toggle('hidden', to === null);
    if (document.activeElement !== this.field || to === null) this.field.value = to === null ? '' : String(to + 1);
    this.want(0);
  }

  async load() {
    const { run, row, to, given } = this.store.state;
    const start = this.start;
    if (to === null || row === null || start?.row !== row || this.run.cannot_decode) { this.show([]); this.body.replaceChildren(); return; }
    const end = await get('/api/row', { run, row: to });
    const between = (k) => start.code.map((z, unit) => Math.fround(z + ((end.code[unit] - z) * k) / (STEPS - 1)));
    const codes = Array.from({ length: STEPS }, (_, k) => snapped(this.run.codebooks, between(k)));
    const decoded = [];
    for (const code of codes) decoded.push(await post('/api/decode', { run, code, given: this.maps[run].given() }));
    const { state } = this.store;
    if (state.run !== run || state.row !== row || state.to !== to || state.given !== given) return;
    this.show(codes);
    const name = (k) => (k === 0 ? `row ${row + 1}` : k === STEPS - 1 ? `row ${to + 1}` : `${k}/${STEPS - 1}`);
    this.body.replaceChildren(this.steps(codes, decoded, [row, to]), this.details(decoded, name), h('p', { class: 'soft small', text: this.words() }));
  }

  words() {
    const line = this.run.codebooks ? 'Codes on the line between both codes, each moved to the nearest vectors of the codebooks.' : 'Codes on the straight line between both codes, decoded.';
    return `${line} The ends are reconstructions.${this.run.conditions.length ? ' All have the condition that is chosen under Decode.' : ''}`;
  }

  /** The path on the maps. @param {number[][]} codes */
  show(codes) {
    this.maps.forEach((map, k) => { map.path = k === this.store.state.run ? codes : []; map.paint(); });
    this.body.dataset.codes = JSON.stringify(codes);
  }

  /** A button for each step, which puts its code on the map. The ends have the numbers of their rows. */
  steps(codes, decoded, [row, to]) {
    const { run } = this;
    const one = (code, k) => {
      const { pixels } = decoded[k];
      const canvas = pixels && picture(pixels, run.image, run.scale, '');
      return h('button', { type: 'button', 'aria-label': `step ${k + 1} of ${STEPS}`, title: 'show this code on the map', onclick: () => this.store.set({ code }) }, canvas, h('small', { text: k === 0 ? row + 1 : k === STEPS - 1 ? to + 1 : `${k}/${STEPS - 1}` }));
    };
    return h('div', { class: `thumbs steps${decoded[0].pixels ? '' : ' words'}`, role: 'group', 'aria-label': 'steps of the path' }, codes.map(one));
  }

  /** What the steps decode to, where they are no pictures. */
  details(decoded, name) {
    const { window } = this.run;
    if (decoded[0].pixels) return '';
    if (window) return bundle(decoded.map((one) => one.columns), window);
    const columns = decoded[0].columns.slice(0, COLUMNS);
    const text = (k, c) => { const { mean, text } = decoded[k].columns[c]; return mean === null ? text ?? '–' : number(mean); };
    const cell = (k, c) => h('td', { class: 'value', text: text(k, c) });
    const table = h('table', { class: 'cells' }, h('thead', {}, h('tr', {}, h('th', { text: 'column' }), decoded.map((_, k) => h('th', { class: 'value', scope: 'col', text: name(k) })))),
      h('tbody', {}, columns.map((column, c) => h('tr', {}, h('th', { scope: 'row', text: column.name }), decoded.map((_, k) => cell(k, c))))));
    const left = decoded[0].columns.length - columns.length;
    return h('div', { class: 'wide', tabindex: 0, role: 'group', 'aria-label': 'decoded steps' }, table, left ? h('p', { class: 'soft small', text: `and ${counted(left, 'column')} more` }) : '');
  }
}
