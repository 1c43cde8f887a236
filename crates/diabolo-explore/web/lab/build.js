// Train a model of one's own, live.

import { formula, h, number, problem, ticks } from '../dom.js';
import { post } from '../server.js';
import { COLORS, lines, strip } from './charts.js';
import { isStatic } from './data.js';

const FAMILIES = {
  contractive: { words: 'contractive', knobs: { lambda: ['contraction weight λ', 0.1, 'model.family.contraction_weight', '--contraction-weight'] }, latent: 128 },
  variational: { words: 'variational', knobs: { beta: ['KL weight β', 1, 'model.family.kl_weight', '--kl-weight'] }, latent: 10 },
  plain: { words: 'plain', knobs: {}, latent: 10 },
  denoising: { words: 'denoising', knobs: {}, latent: 128 },
};

/** A number as settings are written: one without a point would be whole. @param {number} value */
const decimal = (value) => (/[.e]/.test(String(value)) ? String(value) : `${value}.0`);

/** Events of a stream of the server. @param {Response} response @param {(value: any) => void} onEvent */
async function events(response, onEvent) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    parts.forEach((part) => { const data = part.split('\n').filter((line) => line.startsWith('data:')).map((line) => line.slice(5)).join('\n'); if (data) onEvent(JSON.parse(data)); });
  }
}

/** 1 and round whole numbers to `last` for an axis. @param {number} last @returns {[number, string][]} */
function whole(last) {
  const round = ticks(0, last, 6).filter((v) => v > 1 && Number.isInteger(v));
  return [1, ...round].map((v) => [v, String(v)]);
}

async function build(box) {
  if (isStatic) throw new Error('training needs the program: start `diabolo lab` on your own computer');
  const state = { family: 'contractive', hidden: '', latent: 128, epochs: 40, seed: 0, lambda: 0.1, beta: 1 };
  // A model that another page names, as #family=contractive&latent=8&lambda=1.
  for (const [key, value] of new URLSearchParams(location.hash.slice(1))) if (key in state) state[key] = typeof state[key] === 'number' ? Number(value) : value;
  /** @type {AbortController | null} */
  let running = null;
  /** The settings of the trained model, which the knobs may have left. @type {string[]} */
  let trained = [];
  const knobs = h('div', { class: 'knobs' }), chart = h('div'), out = h('div'), past = h('tbody'), code = h('div');
  const field = (name, key, attributes) => { const input = h('input', { ...attributes, value: state[key], style: { width: '8rem' }, oninput: () => { state[key] = attributes.type === 'number' ? Number(input.value) : input.value; show(); } }); return h('label', { style: { minWidth: 'auto' } }, name, input); };
  const settings = () => {
    const family = FAMILIES[state.family];
    const own = Object.entries(family.knobs).map(([key, [, , path]]) => `${path}=${decimal(state[key])}`);
    const hidden = state.hidden.trim() === '' ? [] : [`model.hidden=[${state.hidden.split(/[ ,]+/).filter(Boolean).join(',')}]`];
    return [`model.family={kind='${state.family}'}`, ...own, ...hidden, `model.latent_dim=${state.latent}`, `training.epochs=${state.epochs}`, `training.seed=${state.seed}`];
  };
  const start = h('button', { type: 'button', class: 'primary', id: 'train', text: 'Train', onclick: () => (running ? running.abort() : train()) });
  const keep = h('button', { type: 'button', text: 'Save as a run', disabled: true, onclick: save });
  async function save() {
    keep.disabled = true;
    try {
      const { folder } = await post('/api/lab/save', { settings: trained });
      out.prepend(h('p', { class: 'small' }, 'Saved: ', h('code', { text: folder }), ' with its report, in the folder in which the lab was started. Look at it there: ', h('code', { text: `diabolo explore ${folder}` })));
    } catch (error) { out.prepend(problem(error)); keep.disabled = false; }
  }
  const draw = () => {
    const family = FAMILIES[state.family];
    knobs.replaceChildren(
      h('label', { style: { minWidth: 'auto' } }, 'family', h('select', { onchange: (event) => { state.family = event.target.value; state.latent = FAMILIES[state.family].latent; draw(); show(); } }, Object.entries(FAMILIES).map(([key, one]) => h('option', { value: key, selected: key === state.family, text: one.words })))),
      ...Object.entries(family.knobs).map(([key, [name]]) => field(name, key, { type: 'number', min: 0, step: 'any' })),
      field('latent dimensions', 'latent', { type: 'number', min: 1, max: 1000 }), field('hidden layers, such as 256 or 256,64', 'hidden', { type: 'text', placeholder: 'as usual' }), field('epochs', 'epochs', { type: 'number', min: 1, max: 500 }), field('seed', 'seed', { type: 'number', min: 0 }), start, keep);
  };
  /** The same settings as arguments of `diabolo.fit`. */
  const keywords = () => {
    const own = Object.entries(FAMILIES[state.family].knobs).map(([key, [, , path]]) => `${path.split('.').pop()}=${state[key]}`);
    const hidden = state.hidden.trim() === '' ? [] : [`hidden=[${state.hidden.split(/[ ,]+/).filter(Boolean).join(', ')}]`];
    return [`model="${state.family}"`, ...own, ...hidden, `latent_dim=${state.latent}`, `epochs=${state.epochs}`, `seed=${state.seed}`].join(', ');
  };
  /** What is chosen, in words. */
  const words = () => [state.family, ...Object.entries(FAMILIES[state.family].knobs).map(([key, [name]]) => `${name.at(-1)} = ${state[key]}`), `width ${state.latent}`, state.hidden.trim() ? `hidden ${state.hidden}` : '', `${state.epochs} epochs`, `seed ${state.seed}`].filter(Boolean).join(', ');
  const show = () => {
    const flags = [`--model ${state.family}`, ...Object.entries(FAMILIES[state.family].knobs).map(([key, [, , , flag]]) => `${flag} ${state[key]}`), `--latent-dim ${state.latent}`, state.hidden.trim() ? `--hidden ${state.hidden.replace(/[ ,]+/g, ',')}` : '', `--epochs ${state.epochs}`, `--seed ${state.seed}`].filter(Boolean).join(' ');
    const python = ['import diabolo', '', `model = diabolo.fit("digits", ${keywords()})`, 'print(model.metrics["reconstruction"], "nats")'].join('\n');
    const rust = ['use diabolo::{Config, FitJob};', '', 'let mut config = Config::default();', ...settings().map((one) => `config.set("${one}")?;`), 'let fitted = FitJob::input("digits").config(config).run()?;', 'println!("{:.2} nats", fitted.metrics.reconstruction);'].join('\n');
    code.replaceChildren(h('h3', { text: 'The same on the command line' }), h('pre', { class: 'command', text: `$ diabolo fit digits ${flags}` }), h('h3', { text: 'The same in Python' }), h('pre', { class: 'command', text: python }), h('h3', { text: 'The same in Rust' }), h('pre', { class: 'command', text: rust }));
  };
  /** A row for each finished training: what a knob changed. */
  const table = h('table', { class: 'cells', hidden: true }, h('caption', { text: 'Trained so far, on held-out digits' }), h('thead', {}, h('tr', {}, ['settings', 'reconstruction, nats', 'KL, nats', '‖J‖²_F', 'active dimensions'].map((text, k) => h('th', { class: k ? 'value' : '' }, formula(text))))), past);
  const remember = (title, metrics) => {
    const cells = [number(metrics.reconstruction), number(metrics.kl_divergence), number(metrics.contraction), `${metrics.active_units} of ${metrics.latent_dim}`];
    past.prepend(h('tr', {}, h('th', { scope: 'row', text: title }), cells.map((text) => h('td', { class: 'value', text }))));
    table.hidden = false;
  };
  const doctor = (found) => (found.length ? h('p', { class: 'warn' }, h('b', { text: 'The doctor: ' }), found.join(' ')) : '');
  async function train() {
    running = new AbortController();
    start.textContent = 'Stop'; keep.disabled = true; out.replaceChildren();
    const history = [], chosen = settings(), title = words();
    const epochs = Math.max(state.epochs, 2);
    /** A scale for values that fall far in the first epochs. @param {number[]} values */
    const far = (values) => { const low = Math.min(...values); return low > 0 && Math.max(...values) > 30 * low; };
    const plot = () => {
      // What is minimised comes first, then its parts.
      const names = Object.keys(history[0]?.train ?? {}).filter((name) => name !== 'learning_rate').sort((a, b) => Number(b === 'objective') - Number(a === 'objective'));
      const shown = names.filter((name) => history.every((r) => Number.isFinite(r.train[name])));
      chart.replaceChildren(h('div', { class: 'two' }, shown.map((name, k) => lines({ label: name, x: 'epoch', y: name.replaceAll('_', ' '), rangeX: [1, epochs], logY: far(history.map((r) => r.train[name])), ticksX: whole(epochs), series: [
        { name: 'training', color: COLORS[0], points: history.map((r) => [r.epoch, r.train[name]]) }, { name: 'validation', color: COLORS[1], points: history.filter((r) => name in r.validation).map((r) => [r.epoch, r.validation[name]]) }] }))));
    };
    try {
      const response = await fetch('/api/lab/train', { method: 'POST', signal: running.signal, headers: { 'content-type': 'application/json', 'x-diabolo': '1' }, body: JSON.stringify({ settings: chosen }) });
      if (!response.ok) throw new Error((await response.json()).error);
      await events(response, (event) => {
        if (event.error) out.replaceChildren(problem(new Error(event.error)));
        else if (event.done) {
          keep.disabled = false; trained = chosen; remember(title, event.metrics);
          out.replaceChildren(strip('held-out digits', event.originals), strip('reconstructed', event.pictures), h('p', { class: 'small soft num', text: `${event.layers.join(' → ')}, ${event.seconds.toFixed(1)} s of training.` }), doctor(event.doctor));
        } else { history.push(event); plot(); if (event.doctor.length) out.replaceChildren(doctor(event.doctor)); }
      });
    } catch (error) {
      if (error.name === 'AbortError') out.replaceChildren(h('p', { class: 'soft', text: `Stopped after ${history.length} epochs. Nothing was saved.` }));
      else out.replaceChildren(problem(error));
    }
    running = null; start.textContent = 'Train';
  }
  draw(); show();
  box.replaceChildren(knobs, chart, out, h('div', { class: 'wide' }, table), code);
}

export const FIGURES = { build };
