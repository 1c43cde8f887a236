// What other initial weights change.

import { formula, h, number } from '../dom.js';
import { COLORS, lines } from './charts.js';
import { figure } from './data.js';

/** Key, name, digits after the point, factor. @type {[string, string, number, number][]} */
const MEASURES = [
  ['test_reconstruction', 'held-out reconstruction, nats', 2, 1], ['contraction', '‖J‖²_F', 2, 1],
  ['accuracy', 'linear probe, %', 1, 100], ['noisy_squared_error', 'squared error from noisy digits', 4, 1],
];

/** Mean and standard deviation. @param {number[]} values */
function spread(values) {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  return [mean, Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1))];
}

/** The similarities of all pairs as shaded squares. @param {any} one */
function matrix(one) {
  const off = one.similarity.flatMap((row, i) => row.filter((value, j) => j !== i && value !== null));
  const low = Math.min(...off);
  const cell = (value, i, j) => value === null ? h('td', { class: 'value', title: 'a constant code has no similarity', text: '–' }) : h('td', { class: 'value', title: `initialisations ${i + 1} and ${j + 1}: ${value.toFixed(4)}`, style: { padding: '.35rem .7rem', background: `color-mix(in srgb, var(--c0) ${Math.round(10 + 60 * Math.max(0, (value - low) / (1 - low || 1)))}%, transparent)` }, text: value.toFixed(3) });
  return h('figure', {}, h('table', { class: 'cells', style: { width: 'auto' } }, h('caption', { style: { whiteSpace: 'nowrap', textAlign: 'left', padding: '.6rem 0' }, text: `${one.family}: CKA of the codes, ${off.length ? number(spread(off)[0]) : '–'} on average` }), h('tbody', {}, one.similarity.map((row, i) => h('tr', {}, h('th', { scope: 'row', text: String(i + 1) }), row.map((value, j) => cell(value, i, j)))))));
}

async function stability(box) {
  const all = await figure('stability');
  const series = all.flatMap((one, k) => one.curves.map((points, i) => ({ name: i === 0 ? one.family : '', color: COLORS[2 * k], points })));
  const row = ([key, name, digits, factor]) => h('tr', {}, h('th', { scope: 'row' }, formula(name)), all.map((one) => { const [mean, deviation] = spread(one.measures[key].map((v) => v * factor)); return h('td', { class: 'value', text: `${mean.toFixed(digits)} ± ${deviation.toFixed(digits)}` }); }));
  box.replaceChildren(h('div', { class: 'two' },
    lines({ label: 'learning curves of five initialisations', x: 'epoch', y: 'validation reconstruction, nats', series }),
    h('table', { class: 'cells' }, h('thead', {}, h('tr', {}, h('th', { text: 'mean ± standard deviation of five' }), all.map((one) => h('th', { class: 'value', text: one.family })))), h('tbody', {}, MEASURES.map(row)))),
  h('div', { class: 'two' }, all.map(matrix)));
}

export const FIGURES = { stability };
