// The explorer: a map for each run, and the panels beside them.

import { counted, h, number, problem } from './dom.js';
import { get } from './server.js';
import { Store } from './store.js';
import { RunMap } from './map/map.js';
import { DecodePanel } from './panels/decode.js';
import { RowPanel } from './panels/row.js';
import { SelectionPanel } from './panels/selection.js';

const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const store = new Store();

/** @type {any} */
let session;
/** @type {RunMap[]} */
let maps = [];
/** @type {Record<string, any>} */
let panels = {};
/** What the server says of the runs, below the panel; asked again every NOTES milliseconds. */
const notes = h('div', { class: 'notes', role: 'status' });
const NOTES = 5000;

const FAMILIES = { plain: 'plain', denoising: 'denoising', sparse: 'sparse', contractive: 'contractive', variational: 'variational', vector_quantized: 'vector-quantized', multiscale: 'multiscale' };

async function start() {
  session = await get('/api/session');
  store.state.run = Math.min(store.state.run, session.runs.length - 1);
  maps = session.runs.map((run, index) => new RunMap(run, index, store, hovered));
  byId('maps').replaceChildren(...maps.map((map) => map.element));
  maps.forEach((map) => {
    map.colors.onToggle = () => map.sendMask();
    map.onSelected = (within) => link(map, within);
  });
  const shared = { session, store, maps };
  panels = { decode: new DecodePanel(shared), row: new RowPanel(shared), selection: new SelectionPanel(shared) };
  drawFacts(); drawTools(); drawTabs(); showTab();
  await Promise.all(maps.map((map) => map.load(store.state.axes)));
  store.listen(changed);
  Object.values(panels).forEach((panel) => panel.update(new Set(['run', 'row', 'code', 'lasso', 'given'])));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => maps.forEach((map) => { map.recolor(); map.wantHeat(0); }));
  addEventListener('keydown', shortcut);
  setInterval(refreshNotes, NOTES);
  document.body.dataset.ready = 'true';
}

/** @param {import('./store.js').State} state @param {Set<string>} keys */
function changed(state, keys) {
  if (keys.has('run')) { drawFacts(); drawNotes(); }
  if (keys.has('axes')) maps.forEach((map) => map.load(state.axes));
  if (keys.has('color')) maps.forEach((map) => map.recolor());
  if (['heat', 'arrows', 'given'].some((key) => keys.has(key))) maps.forEach((map) => map.wantHeat(0));
  if (keys.has('lasso')) { if (!state.lasso.length) maps.forEach((map) => map.link(null)); else maps[state.run].sendMask(); }
  if (['run', 'axes', 'color', 'heat', 'arrows', 'tool'].some((key) => keys.has(key))) drawTools();
  if (keys.has('tab')) { drawTabs(); showTab(); }
  if (keys.has('code') || keys.has('run')) maps.forEach((map) => { map.returned = null; });
  Object.values(panels).forEach((panel) => panel.update(keys));
  maps.forEach((map) => map.paint());
}

/** The rows of a selection on the other maps. @param {RunMap} from @param {Uint8Array} within */
function link(from, within) {
  const same = maps.filter((map) => map !== from && map.run.input === from.run.input);
  if (!same.length) return;
  const rows = new Uint8Array(within.length);
  from.ids.forEach((row, i) => { rows[row] = within[i]; });
  same.forEach((map) => map.link(rows));
}

/** @param {number | null} row @param {RunMap} from */
function hovered(row, from) {
  maps.filter((map) => map.run.input === from.run.input).forEach((map) => {
    const current = map.colors.current;
    const value = row === null || !current ? NaN : current.values[row];
    const shown = !current ? '' : current.head.kind === 'category' ? current.head.levels[value]?.name ?? 'missing' : number(value);
    map.show(row, row === null ? '' : `row ${(row + 1).toLocaleString('en')} · ${current?.head.title ?? ''}: ${shown}`);
  });
}

function drawFacts() {
  const run = session.runs[store.state.run];
  const parts = run.parts.other === run.rows ? '' : ` (${run.parts.train.toLocaleString('en')} training, ${(run.parts.validation + run.parts.test).toLocaleString('en')} held out)`;
  byId('facts').textContent = `${run.name}: ${FAMILIES[run.family] ?? run.family} ${run.layers.join(' → ')} · ${run.input} · ${counted(run.rows, 'row')}${parts}`;
}

function drawTools() {
  const { state } = store;
  const run = session.runs[state.run];
  const select = (label, key, options, value, more = {}) => h('label', {}, label, h('select', { 'aria-label': label, onchange: (event) => store.set({ [key]: event.target.value, ...more }) },
    options.map(([word, name]) => h('option', { value: word, selected: word === value, text: name }))));
  const toggle = (key, text, title) => h('button', { type: 'button', 'aria-pressed': String(state[key]), title, text, onclick: () => store.set({ [key]: !state[key] }) });
  const tool = (word, text, title) => h('button', { type: 'button', 'aria-pressed': String(state.tool === word), title, text, onclick: () => store.set({ tool: word }) });
  byId('tools').replaceChildren(
    select('colour', 'color', maps[state.run].colors.choices(), maps[state.run].colors.word()),
    run.latent.length > 2 ? select('plane', 'axes', planes(run, state.axes), state.axes, { lasso: [] }) : '',
    run.cannot_decode ? '' : h('span', { class: 'group' }, toggle('heat', 'Contraction', 'Colour the plane by ‖J_f(g(z))‖_F: how much the code reacts to small changes of the decoded row'), toggle('arrows', 'Pull', 'Arrows from z to f(g(z)): where a decoded code is encoded again. With a contraction they point towards what the model considers typical; they are no gradient of a density')),
    h('span', { class: 'group', role: 'group', 'aria-label': 'tool' }, run.cannot_decode ? tool('decode', 'Point', 'Click a point to see its row (D)') : tool('decode', 'Decode', 'Drag on the map: the point is decoded as it moves (D)'), tool('lasso', 'Select', 'Draw around points (S)'), tool('pan', 'Move', 'Drag to move the map; the wheel zooms (M)')),
  );
}

/** Planes of the most effective latent dimensions. */
function planes(run, current) {
  const first = (run.effects.length ? run.effects : run.latent.map((_, k) => k)).slice(0, 6);
  const pairs = first.flatMap((a, i) => first.slice(i + 1).map((b) => `${a},${b}`));
  const all = [...new Set(['principal', ...pairs, current])];
  return all.map((word) => [word, word === 'principal' ? 'principal components' : `latent ${word.split(',').map((k) => Number(k) + 1).join(' and ')}`]);
}

function drawTabs() {
  const names = { decode: 'Decode', row: 'Row', selection: 'Selection' };
  byId('tabs').replaceChildren(...Object.entries(names).map(([word, text]) => h('button', { type: 'button', role: 'tab', id: `tab-${word}`, 'aria-controls': 'sheet', 'aria-selected': String(store.state.tab === word), text, onclick: () => store.set({ tab: word }) })));
}

function showTab() {
  byId('sheet').replaceChildren(panels[store.state.tab].element, notes, pointTable());
  drawNotes();
}

function drawNotes() {
  notes.replaceChildren(...session.runs[store.state.run].notes.map((note) => h('p', { class: 'warn', text: note })));
}

/** Files may change, and the program end, while the page is open. */
async function refreshNotes() {
  if (document.hidden) return;
  try {
    const found = await get('/api/notes');
    const same = found.every((list, k) => list.join() === session.runs[k].notes.join());
    if (same && !notes.querySelector('.error')) return;
    found.forEach((list, k) => { session.runs[k].notes = list; });
    drawNotes();
  } catch (error) { notes.replaceChildren(problem(error)); }
}

/** The points as a table, for readers who do not see the map. */
function pointTable() {
  const fill = (event) => {
    if (!event.target.open || event.target.children.length > 1) return;
    const map = maps[store.state.run];
    const { head, values } = map.colors.current;
    const shown = (id) => (head.kind === 'category' ? head.levels[values[id]]?.name ?? 'missing' : number(values[id]));
    const rows = Array.from(map.ids.subarray(0, 100), (id, i) => h('tr', {}, h('th', { scope: 'row', class: 'num', text: id + 1 }), h('td', { class: 'value', text: number(map.x[i]) }), h('td', { class: 'value', text: number(map.y[i]) }), h('td', { text: shown(id) })));
    event.target.append(h('table', {}, h('thead', {}, h('tr', {}, ...['row', map.plane.labels[0], map.plane.labels[1], head.title].map((text) => h('th', { scope: 'col', text })))), h('tbody', {}, rows)));
  };
  return h('details', { ontoggle: fill }, h('summary', { text: 'The first 100 points as a table' }));
}

/** @param {KeyboardEvent} event */
function shortcut(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(/** @type {any} */ (event.target).tagName)) return;
  const tools = { d: 'decode', s: 'lasso', m: 'pan' }, tabs = { 1: 'decode', 2: 'row', 3: 'selection' };
  if (tools[event.key]) store.set({ tool: tools[event.key] });
  else if (tabs[event.key]) store.set({ tab: tabs[event.key] });
}

start().catch((error) => {
  byId('facts').textContent = '';
  byId('sheet').replaceChildren(problem(error));
  throw error;
});
