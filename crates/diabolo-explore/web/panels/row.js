// One row: its reconstruction by the model, its neighbours, and what changes if a cell changes.

import { h, number, problem } from '../dom.js';
import { get, latest, post } from '../server.js';
import { picture } from '../picture.js';
import { Path } from './path.js';

const PARTS = { train: 'a training row', validation: 'a validation row', test: 'a held-out row', other: 'in no part of the fit' };

export class RowPanel {
  /** @param {{session: any, store: import('../store.js').Store, maps: any[]}} shared */
  constructor(shared) {
    const { session, store } = shared;
    this.session = session; this.store = store;
    this.path = new Path(shared);
    this.scored = h('div');
    this.element = h('div', { style: { display: 'grid', gap: '1.1rem' } }, this.empty());
    this.want = latest((row) => this.load(row), (error) => this.element.replaceChildren(problem(error)));
    /** Cells that were edited. @type {Record<string, string | null>} */
    this.changes = {};
  }

  /** @param {Set<string>} keys */
  update(keys) {
    const { row } = this.store.state;
    if ((keys.has('row') || keys.has('run')) && row !== null) this.want(row);
    else if (keys.has('row')) { this.element.replaceChildren(this.empty()); this.path.update(); }
    else if (['to', 'tool', 'given'].some((key) => keys.has(key))) this.path.update();
  }

  empty() {
    return h('div', { class: 'row-actions' }, h('p', { class: 'soft', text: 'Click a point of the map to see its row.' }),
      h('button', { type: 'button', text: 'Random row', onclick: () => this.store.set({ row: Math.floor(Math.random() * this.session.runs[this.store.state.run].rows), code: null }) }));
  }

  async load(row) {
    const { run } = this.store.state;
    const others = this.session.runs.map((_, k) => k).filter((k) => k !== run && this.session.runs[k].input === this.session.runs[run].input);
    const [found, ...rest] = await Promise.all([run, ...others].map((k) => get('/api/row', { run: k, row })));
    if (this.store.state.row !== row || this.store.state.run !== run) return;
    this.changes = {};
    if (!this.store.state.code) this.store.set({ code: found.code });
    this.show(found, others.map((k, i) => [this.session.runs[k], rest[i]]));
  }

  show(found, others) {
    const run = this.session.runs[this.store.state.run];
    const step = (by) => this.store.set({ row: (found.row + by + run.rows) % run.rows, code: null });
    this.scored.replaceChildren(this.score(found.score, found.p_value, found.reasons));
    this.element.replaceChildren(
      h('div', { class: 'row-actions' }, h('h2', { text: `Row ${(found.row + 1).toLocaleString('en')}` }), h('span', { class: 'soft small', text: PARTS[found.part] }), h('span', { style: { marginLeft: 'auto' }, class: 'group' }, h('button', { type: 'button', text: '←', 'aria-label': 'previous row', onclick: () => step(-1) }), h('button', { type: 'button', text: '→', 'aria-label': 'next row', onclick: () => step(1) }))),
      this.pictures(run, found, others),
      this.scored,
      run.cannot_decode ? '' : this.path.element,
      found.cells.length ? this.cells(found) : '',
      this.near('Nearest codes', found.latent, run, found.shared),
      this.near('Nearest rows, by the encoded input', found.input, run, null),
      ...others.map(([other, row]) => this.near(`Nearest codes in ${other.name}`, row.latent, other, row.shared)),
      run.cannot_decode ? '' : h('div', { class: 'row-actions' }, h('button', { type: 'button', text: 'Decode its code', onclick: () => this.store.set({ code: found.code, tab: 'decode' }) })),
    );
    this.path.from(found);
  }

  pictures(run, found, others) {
    if (!found.pixels) return '';
    const one = (pixels, text, of) => h('figure', {}, picture(pixels, of.image, of.scale, text), h('figcaption', { text }));
    return h('div', { class: 'beside' }, one(found.pixels, 'the row', run), one(found.back, others.length ? `reconstruction, ${run.name}` : 'its reconstruction', run), ...others.filter(([, row]) => row.back).map(([other, row]) => one(row.back, `reconstruction, ${other.name}`, other)));
  }

  score(score, p, reasons) {
    if (score === null || score === undefined) return '';
    return h('div', {}, h('p', { class: 'num' }, h('b', { text: `${number(Math.abs(score))} nats` }), ` ${score >= 0 ? 'above' : 'below'} usual${p === null || p === undefined ? '' : `; p = ${number(p)}: ${p < 0.01 ? 'few' : `${Math.round(100 * p)} %`} of held-out rows score as high`}`),
      reasons?.length ? h('ul', { class: 'small', style: { margin: '.3rem 0 0', paddingLeft: '1.2rem' } }, reasons.map((r) => h('li', { text: `${r.column}: ${r.seen}, ${r.unseen ? 'never seen in training, ' : ''}expected ${r.expected} (+${r.nats.toFixed(1)} nats)` }))) : '');
  }

  cells(found) {
    const edit = (cell) => {
      const input = h('input', { value: cell.text ?? '', placeholder: 'missing', 'aria-label': cell.name, oninput: () => {
        const text = input.value.trim() === '' ? null : input.value;
        if (text === cell.text) delete this.changes[cell.name]; else this.changes[cell.name] = text;
        input.classList.toggle('changed', text !== cell.text);
        this.encode(found.row);
      } });
      return input;
    };
    const rows = found.cells.map((cell) => h('tr', {}, h('th', { scope: 'row', text: cell.name }), h('td', {}, cell.kind === 'aside' ? cell.text ?? '–' : edit(cell)), h('td', { text: cell.kind === 'aside' ? '' : cell.back ?? '–' })));
    const heads = found.cells.every((cell) => cell.kind === 'aside') ? ['column', 'cell', ''] : ['column', 'cell: edit it', 'reconstruction'];
    return h('table', { class: 'cells' }, h('thead', {}, h('tr', {}, heads.map((text) => h('th', { text })))), h('tbody', {}, rows));
  }

  /** The code of the edited row moves on the map. */
  encode = latest(async (row) => {
    const { run } = this.store.state;
    const found = await post('/api/encode', { run, row, cells: this.changes });
    if (this.store.state.row !== row || this.store.state.run !== run) return;
    this.scored.replaceChildren(this.score(found.score, null, found.reasons));
    this.store.set({ code: found.code });
  }, (error) => this.scored.replaceChildren(problem(error)));

  near(title, rows, run, shared) {
    const go = (row) => this.store.set({ row, code: null });
    const one = (n) => h('button', { type: 'button', title: `row ${n.row + 1}, at ${number(n.distance)}`, onclick: () => go(n.row) }, n.pixels ? picture(n.pixels, run.image, run.scale, `row ${n.row + 1}`) : `${n.row + 1}`, h('small', { text: n.text ?? number(n.distance) }));
    return h('div', {}, h('h3', { text: title }), shared === null ? '' : h('p', { class: 'soft small', text: `${shared} of ${rows.length} are also among the nearest rows by the input.` }), h('div', { class: rows[0]?.pixels ? 'thumbs' : 'thumbs words', style: { marginTop: '.4rem' } }, rows.map(one)));
  }
}
