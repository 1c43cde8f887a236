// What is looked at: one object, kept in the address so that a link shows the same view.

/**
 * @typedef {object} State
 * @property {number} run the run whose code is decoded
 * @property {string} axes "principal", or two latent dimensions such as "0,3"
 * @property {string} color such as "column:label", "latent:2", "score:"
 * @property {boolean} heat @property {boolean} arrows
 * @property {number[] | null} code
 * @property {number | null} row the pinned row
 * @property {number | null} to the row at the other end of a path from it
 * @property {Record<string, string>} given values of condition columns
 * @property {[number, number][]} lasso on the plane of `run`
 * @property {string} tab @property {string} tool
 */

/** @type {State} */
const START = { run: 0, axes: 'principal', color: '', heat: false, arrows: false, code: null, row: null, to: null, given: {}, lasso: [], tab: 'decode', tool: 'decode' };

/** @param {number} value */
const short = (value) => String(Math.fround(value)).length > 12 ? value.toPrecision(9).replace(/\.?0+$/, '') : String(value);

/** @param {State} state */
function toHash(state) {
  const words = new URLSearchParams();
  if (state.run) words.set('run', String(state.run));
  if (state.axes !== START.axes) words.set('axes', state.axes);
  if (state.color) words.set('color', state.color);
  if (state.heat) words.set('heat', '1');
  if (state.arrows) words.set('arrows', '1');
  if (state.row !== null) words.set('row', String(state.row + 1));
  if (state.to !== null) words.set('to', String(state.to + 1));
  if (state.code) words.set('code', state.code.map(short).join(','));
  if (Object.keys(state.given).length) words.set('given', JSON.stringify(state.given));
  if (state.lasso.length) words.set('lasso', state.lasso.map((point) => point.map(short).join(',')).join(';'));
  if (state.tab !== START.tab) words.set('tab', state.tab);
  if (state.tool !== START.tool) words.set('tool', state.tool);
  return words.toString();
}

/** A damaged link gives what can be read of it. @param {string} hash @returns {State} */
function fromHash(hash) {
  const words = new URLSearchParams(hash.replace(/^#/, ''));
  const number = (/** @type {string} */ name) => { const v = Number(words.get(name) ?? NaN); return Number.isFinite(v) ? v : null; };
  const numbers = (/** @type {string} */ text) => text.split(',').map(Number);
  const code = numbers(words.get('code') ?? 'x');
  const lasso = (words.get('lasso') ?? '').split(';').map(numbers).filter((p) => p.length === 2 && p.every(Number.isFinite)).map((p) => p.map(Math.fround));
  /** @type {Record<string, string>} */
  let given = {};
  try { given = Object.fromEntries(Object.entries(JSON.parse(words.get('given') ?? '{}')).map(([k, v]) => [k, String(v)])); } catch { /* as without */ }
  const one = (/** @type {string} */ name, /** @type {string[]} */ allowed) => { const v = words.get(name) ?? ''; return allowed.includes(v) ? v : allowed[0]; };
  const row = (/** @type {string} */ name) => { const v = number(name); return v !== null && v >= 1 ? Math.trunc(v) - 1 : null; };
  return {
    run: Math.max(0, Math.trunc(number('run') ?? 0)),
    axes: /^(principal|\d+,\d+)$/.test(words.get('axes') ?? '') ? String(words.get('axes')) : START.axes,
    color: words.get('color') ?? '',
    heat: words.has('heat'), arrows: words.has('arrows'),
    code: code.every(Number.isFinite) ? code.map(Math.fround) : null,
    row: row('row'), to: row('to'),
    given, lasso: /** @type {[number, number][]} */ (lasso),
    tab: one('tab', ['decode', 'row', 'selection']), tool: one('tool', ['decode', 'lasso', 'pan', 'path']),
  };
}

export class Store {
  constructor() {
    /** @type {State} */
    this.state = fromHash(location.hash);
    /** @type {((state: State, changed: Set<string>) => void)[]} */
    this.listeners = [];
    this.timer = 0;
    addEventListener('hashchange', () => {
      if (location.hash.slice(1) !== toHash(this.state)) this.set(fromHash(location.hash));
    });
  }

  /** @param {(state: State, changed: Set<string>) => void} listener */
  listen(listener) { this.listeners.push(listener); }

  /** @param {Partial<State>} changes */
  set(changes) {
    const changed = new Set(Object.keys(changes).filter((key) => this.state[key] !== changes[key]));
    if (!changed.size) return;
    this.state = { ...this.state, ...changes };
    this.listeners.forEach((listener) => listener(this.state, changed));
    clearTimeout(this.timer);
    // Browsers limit how often the address may change.
    this.timer = setTimeout(() => history.replaceState(null, '', `#${toHash(this.state)}`), 200);
  }
}
