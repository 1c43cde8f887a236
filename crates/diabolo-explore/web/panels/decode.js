// The row that a code decodes to, live, and a slider for each latent dimension.

import { formula, h, number, problem } from '../dom.js';
import { latest, post } from '../server.js';
import { redraw } from '../picture.js';
import { chosen, codeOf } from '../quantized.js';
import { series } from './series.js';

/** Sliders shown at first, and the range of one in standard deviations. */
const SLIDERS = 12, RANGE = 3.5;

export class DecodePanel {
  /** @param {{session: any, store: import('../store.js').Store, maps: any[]}} shared */
  constructor({ session, store, maps }) {
    this.session = session; this.store = store; this.maps = maps;
    this.stage = h('div');
    this.facts = h('div');
    this.sliders = h('div', { class: 'sliders' });
    this.actions = h('div', { class: 'row-actions' });
    this.conditions = h('div', { class: 'row-actions' });
    this.command = h('details', {}, h('summary', { text: 'The same on the command line' }), h('pre', { class: 'command' }));
    this.element = h('div', { class: 'sheet-part', style: { display: 'grid', gap: '1.1rem' } }, this.stage, this.facts, this.conditions, this.actions, this.sliders, this.command);
    this.want = latest((request) => this.decode(request), (error) => this.facts.replaceChildren(problem(error)));
    this.all = false;
    this.built = -1;
    /** The seed of a draw from p(x | z); null for its mean. @type {number | null} */
    this.seed = null;
  }

  get run() { return this.session.runs[this.store.state.run]; }
  get map() { return this.maps[this.store.state.run]; }

  /** @param {Set<string>} keys */
  update(keys) {
    if (!['run', 'code', 'given', 'row'].some((key) => keys.has(key))) return;
    const { run } = this;
    this.command.classList.toggle('hidden', Boolean(run.cannot_decode));
    if (run.cannot_decode) {
      this.built = -1;
      this.stage.replaceChildren(h('p', { id: 'no-decoder', text: `${run.cannot_decode[0].toUpperCase()}${run.cannot_decode.slice(1)}.` }));
      [this.facts, this.conditions, this.sliders].forEach((part) => part.replaceChildren());
      this.actions.replaceChildren(h('button', { type: 'button', text: 'Show a row', onclick: () => this.store.set({ row: this.store.state.row ?? 0, tab: 'row' }) }));
      return;
    }
    if (this.built !== this.store.state.run) this.build();
    const code = this.map.code();
    this.choices.forEach(({ name, first, field }) => { field.value = this.store.state.given[name] ?? first; });
    const entries = run.codebooks ? chosen(run.codebooks, code) : [];
    this.choosers.forEach(({ field, group }) => { field.value = String(entries[group]); });
    this.inputs.forEach(({ input, output, unit }) => { if (document.activeElement !== input || Number(input.value) !== code[unit]) input.value = String(code[unit]); output.textContent = number(code[unit]); });
    this.ask();
  }

  ask() {
    const draw = this.seed === null ? {} : { draw: this.seed };
    this.want({ run: this.store.state.run, code: this.map.code(), given: this.map.given(), ...draw });
  }

  /** Another draw, or the mean. @param {boolean} isDraw */
  drawn(isDraw) {
    this.seed = isDraw ? (this.seed ?? -1) + 1 : null;
    this.mean.setAttribute('aria-pressed', String(!isDraw));
    this.sample.setAttribute('aria-pressed', String(isDraw));
    this.ask();
  }

  /** The parts that depend on the run only. */
  build() {
    const { run } = this;
    this.built = this.store.state.run;
    this.stage.replaceChildren(); this.shown = null;
    const order = run.codebooks ? [] : run.effects.length ? run.effects : run.latent.map((_, k) => k);
    this.choosers = run.codebooks ? this.groups() : [];
    this.inputs = (this.all ? order : order.slice(0, SLIDERS)).map((unit) => {
      const [mean, deviation, low, high] = run.dimensions[unit];
      const reach = Math.max(RANGE * deviation, 1e-3);
      const output = h('output', {});
      const input = h('input', { type: 'range', id: `unit-${unit}`, min: Math.min(low, mean - reach), max: Math.max(high, mean + reach), step: 'any', 'aria-label': run.latent[unit], oninput: () => this.slide(unit, Number(input.value)) });
      return { unit, input, output, label: h('label', { for: `unit-${unit}`, text: run.latent[unit].replace('_', ' ') }) };
    });
    this.sliders.className = run.codebooks ? 'choosers' : 'sliders';
    this.sliders.replaceChildren(...this.choosers.map(({ label }) => label), ...this.inputs.flatMap(({ label, input, output }) => [label, input, output]));
    const more = order.length > this.inputs.length;
    this.mean = h('button', { type: 'button', text: 'Mean', 'aria-pressed': String(this.seed === null), title: 'The mean of p(x | z)', onclick: () => this.drawn(false) });
    this.sample = h('button', { type: 'button', text: 'Draw', 'aria-pressed': String(this.seed !== null), title: 'A draw from p(x | z); press again for another', onclick: () => this.drawn(true) });
    this.actions.replaceChildren(
      h('span', { role: 'group', 'aria-label': 'Mean or draw', class: 'row-actions' }, this.mean, this.sample),
      h('button', { type: 'button', text: 'Mean code', onclick: () => this.store.set({ code: run.dimensions.map(([mean]) => Math.fround(mean)) }) }),
      h('button', { type: 'button', text: 'Random row', onclick: () => this.store.set({ row: Math.floor(Math.random() * run.rows), code: null }) }),
      more ? h('button', { type: 'button', text: `All ${order.length} dimensions`, onclick: () => { this.all = true; this.built = -1; this.update(new Set(['code'])); } }) : '',
      h('span', { class: 'soft small', text: run.codebooks ? 'One vector of its codebook in each group of latent dimensions, with the share of rows that have it; the group with the largest effect first.' : order.length > 1 ? 'Sliders: the dimension with the largest effect first.' : '' }),
    );
    this.choices = run.conditions.map(({ name, levels }) => {
      const onchange = (event) => this.store.set({ given: { ...this.store.state.given, [name]: event.target.value } });
      const field = levels.length ? h('select', { onchange }, levels.map((level) => h('option', { value: level, text: level }))) : h('input', { type: 'number', step: 'any', onchange });
      return { name, first: levels[0] ?? '', field };
    });
    this.conditions.replaceChildren(...this.choices.map(({ name, field }) => h('label', { class: 'small' }, `${name} `, field)));
  }

  /** A chooser for each group of a quantized code: the most frequent vector first. */
  groups() {
    const { codebooks, effects, latent } = this.run;
    const width = latent.length / codebooks.vectors.length;
    return [...new Set(effects.map((unit) => Math.floor(unit / width)))].map((group) => {
      const shares = codebooks.shares[group];
      const order = shares.map((_, entry) => entry).sort((a, b) => shares[b] - shares[a]);
      const share = (p) => (p === 0 ? 'no row' : p < 0.01 ? '< 1 %' : `${Math.round(100 * p)} %`);
      const field = h('select', { id: `group-${group}`, onchange: () => this.put(group, Number(field.value)) }, order.map((entry) => h('option', { value: entry, text: `vector ${entry + 1}: ${share(shares[entry])}` })));
      return { group, field, label: h('label', { class: 'small' }, `group ${group + 1}`, field) };
    });
  }

  /** Another vector in a group. @param {number} group @param {number} entry */
  put(group, entry) {
    const { codebooks } = this.run;
    this.store.set({ code: codeOf(codebooks, chosen(codebooks, this.map.code()).map((old, g) => (g === group ? entry : old))) });
  }

  slide(unit, value) {
    const code = this.map.code().slice();
    code[unit] = Math.fround(value);
    this.store.set({ code });
  }

  async decode(request) {
    const found = await post('/api/decode', request);
    if (request.run !== this.store.state.run) return;
    const { run } = this;
    if (found.pixels) this.showPicture(found.pixels, 'draw' in request);
    else if (run.window) this.stage.replaceChildren(series(found.columns, run.window, 'draw' in request));
    else this.showTable(found.columns, 'draw' in request);
    const moved = Math.hypot(...found.returned.map((z, k) => z - found.code[k]));
    this.facts.replaceChildren(h('dl', { class: 'facts-grid' },
      h('div', { title: 'The Frobenius norm of the encoder\'s Jacobian at the decoded row' }, h('dt', {}, formula('‖J_f(g(z))‖_F')), h('dd', { text: number(found.norm) })),
      h('div', { title: 'The distance from this code to the code of the row that it decodes to' }, h('dt', { text: '‖f(g(z)) − z‖' }), h('dd', { text: number(moved) }))),
    found.far ? h('p', { class: 'warn', text: 'Far from every code of these rows: what is decoded here is extrapolated.' }) : '');
    this.element.dataset.code = request.code.join(',');
    this.showCommand(request);
    this.map.returned = found.returned;
    this.map.paint();
  }

  showPicture(pixels, isDraw) {
    const { run } = this;
    if (!this.shown) {
      this.shown = h('canvas', { class: 'picture', id: 'decoded', role: 'img', 'aria-label': 'decoded image' });
      this.caption = h('figcaption', {});
      this.stage.replaceChildren(h('figure', { class: 'stage' }, this.shown, this.caption));
    }
    this.caption.textContent = isDraw ? 'A draw from p(x | z) at the ringed point: the mean with the noise that the likelihood leaves.' : 'g(z): the mean of p(x | z) at the ringed point. Drag on the map.';
    this.shown.dataset.pixels = pixels.join(',');
    redraw(this.shown, pixels, run.image, run.scale);
  }

  showTable(columns, isDraw) {
    const rows = columns.map((column) => h('tr', {}, h('th', { scope: 'row', text: column.name }), h('td', {}, h('span', { class: 'cell', text: column.text ?? '–' }), this.levels(column)),
      h('td', { class: 'value soft', text: column.mean === null ? '' : column.deviation === null ? number(column.mean) : `${number(column.mean)} ± ${number(column.deviation)}` })));
    const table = h('table', { class: 'cells', id: 'decoded' }, h('thead', {}, h('tr', {}, h('th', { text: 'column' }), h('th', { text: isDraw ? 'a draw' : 'decoded' }), h('th', { class: 'value', text: 'mean ± sd of p(x | z)' }))), h('tbody', {}, rows));
    table.dataset.cells = JSON.stringify(columns.map((column) => [column.name, column.text]));
    this.stage.replaceChildren(table);
  }

  levels(column) {
    if (!column.probabilities.length) return null;
    const first = [...column.probabilities].sort((a, b) => b[1] - a[1]).slice(0, 3).filter(([, p], k) => k === 0 || p >= 0.02);
    return h('div', { class: 'levels' }, first.map(([name, p]) => h('div', {}, h('span', { text: name, title: name }), h('meter', { min: 0, max: 1, value: p, 'aria-label': `probability of ${name}` }), h('span', { class: 'num', text: `${(100 * p).toFixed(0)} %` }))));
  }

  showCommand({ code, draw }) {
    const { run } = this;
    const names = [...run.latent, ...run.conditions.map((c) => c.name)];
    const values = [...code.map(String), ...run.conditions.map((c) => this.store.state.given[c.name] ?? c.levels[0] ?? '')];
    this.command.lastChild.textContent = draw !== undefined ? 'diabolo decode writes the mean; diabolo generate draws rows (--near, --between).' : code.length > 64 ? 'Export codes with diabolo encode, change them, and pass them to diabolo decode.' : `printf '${names.join(',')}\\n${values.join(',')}\\n' | diabolo decode ${run.name} -`;
  }
}
