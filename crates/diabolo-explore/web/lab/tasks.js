// One live card for each application.

import { filling, h, number, s, ticks } from '../dom.js';
import { digit, picker, strip, sum } from './charts.js';
import { figure } from './data.js';

async function anomalies(box) {
  const found = await figure('anomalies');
  const one = (row) => h('figure', {}, digit(row.pixels, row.name), h('figcaption', { class: 'num' }, row.name, h('br'), h('b', { text: row.p_value < 0.01 ? 'p < 0.01' : `p = ${row.p_value.toFixed(2)}` })));
  box.replaceChildren(h('div', { style: { display: 'grid', gridTemplateColumns: 'repeat(auto-fill, minmax(4.6rem, 1fr))', gap: '.7rem' } }, found.slice().sort((a, b) => a.p_value - b.p_value).map(one)));
}

async function imputation(box) {
  const examples = await figure('examples');
  const body = h('div');
  const show = filling(body, async (example) => {
    const found = await figure('imputation', { row: example.row });
    return [strip('known · filled · truth', [found.known, found.filled, found.truth]), h('p', { class: 'small soft', text: `The mean of ${found.draws} draws, weighted by how well they explain the upper half.` })];
  });
  await show(examples[0]);
  box.replaceChildren(picker(examples, 0, show), body);
}

async function compression(box) {
  const found = await figure('compression');
  box.replaceChildren(sum([`${number(found.each)} bytes`, `a digit, of ${found.rows} held-out digits in one file of ${found.bytes.toLocaleString('en')} bytes`], [`${found.raw / found.rows} bytes`, 'a digit as stored: one byte a pixel']));
}

async function features(box) {
  const found = await figure('features');
  const names = { pixels: 'the pixels themselves', vae2: 'variational, 2 dimensions', vae: 'variational, 10 dimensions', 'contractive-0.1': 'contractive, 128 units' };
  const row = (one) => h('tr', {}, h('th', { scope: 'row', text: names[one.model] ?? one.model }), h('td', { class: 'value', text: one.width }), h('td', { class: 'value', text: `${(100 * one.accuracy).toFixed(1)} %` }));
  box.replaceChildren(h('table', { class: 'cells' }, h('thead', {}, h('tr', {}, h('th', { text: `${found.neighbours} nearest neighbours on` }), h('th', { class: 'value', text: 'numbers' }), h('th', { class: 'value', text: 'accuracy' }))), h('tbody', {}, found.results.map(row))));
}

async function series(box) {
  const found = await figure('series');
  const W = 520, H = 210, L = 52, n = found.history.length, all = [...found.history, ...found.point, ...found.high, ...found.low, ...found.actual];
  const low = Math.min(0, ...all), high = Math.max(...all);
  const x = (k) => L + ((W - L - 8) * k) / (n + found.point.length - 1), y = (v) => H - 26 - ((H - 40) * (v - low)) / (high - low);
  const path = (values, from) => `M${values.map((v, k) => `${x(from + k).toFixed(1)} ${y(v).toFixed(1)}`).join('L')}`;
  const svg = s('svg', { class: 'chart', viewBox: `0 0 ${W} ${H}`, role: 'img', 'aria-label': 'forecast of taxi rides' });
  for (const v of ticks(low, high, 4)) svg.append(s('line', { class: 'grid', x1: L, x2: W - 8, y1: y(v), y2: y(v) }), s('text', { x: L - 6, y: y(v) + 4, 'text-anchor': 'end', text: number(v) }));
  svg.append(s('path', { fill: 'var(--accent)', 'fill-opacity': 0.18, d: `${path(found.high, n)}L${path(found.low, n).slice(1).split('L').reverse().join('L')}Z` }),
    s('path', { class: 'line', stroke: 'var(--ink)', d: path(found.history, 0) }), s('path', { class: 'line', stroke: 'var(--ink)', 'stroke-dasharray': '3 4', d: path([found.history[n - 1], ...found.actual], n - 1) }),
    s('path', { class: 'line', stroke: 'var(--accent)', d: path([found.history[n - 1], ...found.point], n - 1) }), s('text', { x: x(n), y: H - 8, text: found.first }));
  box.replaceChildren(h('figure', {}, svg, h('figcaption', { text: `Taxi rides an hour. Blue: the predicted next ${found.point.length} values with their 80 % interval; dotted: the observed values. MASE ${number(found.mase)}: the mean absolute error of this forecast, divided by that of repeating the value one season before, over the training values.` })));
}

export const FIGURES = { anomalies, imputation, compression, features, series };
