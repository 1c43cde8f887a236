// The rows within a lasso: how they differ from the others, and a file of them.

import { counted, h, number, problem } from '../dom.js';
import { download, latest, post } from '../server.js';
import { picture, signed } from '../picture.js';

const SHOWN = 12;

export class SelectionPanel {
  /** @param {{session: any, store: import('../store.js').Store, maps: any[]}} shared */
  constructor({ session, store, maps }) {
    this.session = session; this.store = store; this.maps = maps;
    this.head = h('div', { class: 'row-actions' });
    this.body = h('div', { style: { display: 'grid', gap: '1.1rem' } });
    this.element = h('div', { style: { display: 'grid', gap: '1.1rem' } }, this.head, this.body);
    this.want = latest(() => this.load(), (error) => this.body.replaceChildren(problem(error)));
  }

  /** @param {Set<string>} keys */
  update(keys) {
    if (!keys.has('lasso') && !keys.has('axes') && !keys.has('run')) return;
    const { lasso, run } = this.store.state;
    if (lasso.length > 2) {
      // The map knows its own points: their number need not wait for the server.
      const count = this.maps[run].selected;
      if (count !== null) this.title(count);
      this.body.replaceChildren(h('p', { class: 'soft', text: count === 0 ? '' : 'Comparing the columns …' }));
      this.want(0);
    } else this.empty();
  }

  empty() {
    this.head.replaceChildren();
    this.body.replaceChildren(h('p', { class: 'soft', text: 'Choose “Select” above the map (or press S) and draw around points. Their rows are compared with all others, and can be saved as a file.' }),
      h('button', { type: 'button', class: 'primary', text: 'Select on the map', style: { justifySelf: 'start' }, onclick: () => this.store.set({ tool: 'lasso' }) }));
  }

  request() {
    const { run, lasso } = this.store.state;
    return { run, axes: this.maps[run].axes, polygon: lasso };
  }

  async load() {
    const asked = this.request();
    const found = await post('/api/selection', asked);
    if (asked.polygon === this.store.state.lasso && asked.run === this.store.state.run) this.show(found);
  }

  /** @param {number} count of selected rows */
  title(count) {
    const run = this.session.runs[this.store.state.run];
    const save = (format) => h('button', { type: 'button', text: format === 'csv' ? 'CSV' : 'Parquet', onclick: () => download('/api/export', { ...this.request(), format }, `selection.${format}`).catch((error) => this.body.prepend(problem(error))) });
    this.head.replaceChildren(h('h2', { id: 'selected', text: `${counted(count, 'row')} of ${run.rows.toLocaleString('en')}` }),
      h('span', { style: { marginLeft: 'auto' }, class: 'row-actions' }, count && !run.image ? [save('csv'), save('parquet')] : count ? save('parquet') : '', h('button', { type: 'button', text: 'Clear', onclick: () => this.store.set({ lasso: [] }) })));
  }

  show(found) {
    const run = this.session.runs[this.store.state.run];
    this.title(found.count);
    const [some, others] = found.compared;
    const sampled = some < found.count || others < run.rows - found.count;
    this.body.replaceChildren(
      found.pictures ? this.pictures(found.pictures, run) : '',
      found.columns.length ? this.table(found.columns) : '',
      found.count === 0 || found.count === run.rows ? h('p', { class: 'soft', text: found.count ? 'All points lie within: there are no others to compare with.' : 'No point lies within.' }) : '',
      sampled ? h('p', { class: 'soft small', text: `Compared by random samples: ${counted(some, 'selected row')} and ${counted(others, 'other row')}.` }) : '',
    );
  }

  pictures([inside, outside], run) {
    const difference = inside.map((v, k) => v - outside[k]);
    const one = (canvas, text) => h('figure', {}, canvas, h('figcaption', { text }));
    return h('div', { class: 'beside' }, one(picture(inside, run.image, 1, 'mean of the selected rows'), 'mean of the selected'), one(picture(outside, run.image, 1, 'mean of the others'), 'mean of the others'), one(signed(difference, run.image, 'difference of the means'), 'difference: blue more, orange less'));
  }

  table(columns) {
    const most = Math.max(...columns.map((c) => Math.abs(c.effect)), 0.5);
    const bar = (effect) => h('div', { class: 'effect', role: 'img', 'aria-label': `${number(effect)} standard deviations` }, h('i', { class: effect < 0 ? 'less' : '', style: effect < 0 ? { right: '50%', width: `${(50 * -effect) / most}%` } : { left: '50%', width: `${(50 * effect) / most}%` } }));
    const share = (c, v) => (c.level === null ? number(v) : `${(100 * v).toFixed(0)} %`);
    const rows = columns.slice(0, SHOWN).map((c) => h('tr', {}, h('th', { scope: 'row' }, c.column, c.level === null ? '' : h('span', { class: 'soft', text: ` = ${c.level}` })), h('td', { class: 'value', text: share(c, c.inside) }), h('td', { class: 'value soft', text: share(c, c.outside) }), h('td', { class: 'effects' }, bar(c.effect), h('small', { class: 'num', text: number(c.effect) }))));
    return h('div', {}, h('h3', { text: 'What differs most' }), h('table', { class: 'cells' }, h('thead', {}, h('tr', {}, h('th', { text: 'column' }), h('th', { class: 'value', text: 'selected' }), h('th', { class: 'value', text: 'others' }), h('th', { text: 'in standard deviations' }))), h('tbody', {}, rows)),
      h('p', { class: 'soft small', text: 'Means of numbers, and shares of the category that differs most. The selection was made by looking at these rows: this describes it, and tests nothing.' }));
  }
}
