// Drawings of numbers, and rows of pictures.

import { formula, h, number, s, ticks } from '../dom.js';
import { picture } from '../picture.js';

const W = 520, H = 300, L = 58, R = 16, T = 30, B = 44;
export const COLORS = ['var(--c0)', 'var(--c1)', 'var(--c6)', 'var(--c4)', 'var(--c9)', 'var(--c5)'];
const SIDE = [8, 8, 1];

/** A digit of the lab: bytes from 0 to 255. @param {ArrayLike<number>} pixels @param {string} label */
export const digit = (pixels, label = 'digit') => picture(pixels, SIDE, 255, label);

/** @param {string} name @param {ArrayLike<number>[]} pictures */
export function strip(name, pictures) {
  return h('div', { class: 'strip' }, h('span', { text: name }), h('div', {}, pictures.map((pixels) => digit(pixels, name))));
}

/** Names of lines. @param {{name: string, color: string}[]} series */
const keys = (series) => h('div', { class: 'keys' }, series.filter((one) => one.name).map((one) => h('span', {}, h('i', { style: { background: one.color } }), formula(one.name))));

/**
 * Lines over x.
 * @param {{rangeX?: [number, number], series: {name: string, color: string, points: [number, number][], dots?: boolean, names?: string[]}[], x: string, y: string, logX?: boolean, logY?: boolean, mark?: number | null, ticksX?: [number, string][], label: string}} options
 */
export function lines(options) {
  const { series, logX, logY } = options;
  const fx = logX ? Math.log10 : (v) => v, fy = logY ? Math.log10 : (v) => v;
  const usable = series.map((one) => ({ ...one, points: one.points.filter(([x, y]) => Number.isFinite(fx(x)) && Number.isFinite(fy(y))) }));
  const all = usable.flatMap((one) => one.points);
  const xs = all.map((p) => fx(p[0])), ys = all.map((p) => fy(p[1]));
  const [x0, x1] = options.rangeX ?? [Math.min(...xs), Math.max(...xs)];
  let [y0, y1] = [Math.min(...ys), Math.max(...ys)];
  if (!logY && y0 > 0 && y0 < 0.5 * y1) y0 = 0;
  const pad = (y1 - y0 || 1) * 0.06;
  y1 += pad; if (y0 !== 0) y0 -= pad;
  const px = (v) => L + ((W - L - R) * (fx(v) - x0)) / (x1 - x0 || 1), py = (v) => H - B - ((H - B - T) * (fy(v) - y0)) / (y1 - y0 || 1);
  const chart = s('svg', { class: 'chart', viewBox: `0 0 ${W} ${H}`, role: 'img', 'aria-label': options.label });
  const at = (low, high, log, about) => (log ? Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, k) => 10 ** (Math.ceil(low) + k)) : ticks(low, high, about));
  for (const v of at(y0, y1, logY, 5)) chart.append(s('line', { class: 'grid', x1: L, x2: W - R, y1: py(v), y2: py(v) }), s('text', { x: L - 8, y: py(v) + 4, 'text-anchor': 'end', text: number(v) }));
  for (const [v, text] of options.ticksX ?? at(x0, x1, logX, 6).map((v) => [v, number(v)])) chart.append(s('text', { x: px(v), y: H - B + 18, 'text-anchor': 'middle', text }));
  chart.append(s('line', { class: 'axis', x1: L, x2: W - R, y1: H - B, y2: H - B }), s('text', { x: W - R, y: H - 6, 'text-anchor': 'end', text: options.x }), s('text', { x: 4, y: 14, text: options.y }));
  if (options.mark !== null && options.mark !== undefined) chart.append(s('line', { class: 'mark', x1: px(options.mark), x2: px(options.mark), y1: T, y2: H - B }));
  for (const one of usable) {
    const place = ([x, y]) => `${px(x).toFixed(1)} ${py(y).toFixed(1)}`;
    if (one.points.length > 1) chart.append(s('path', { class: 'line', stroke: one.color, d: `M${one.points.map(place).join('L')}` }));
    one.names?.forEach((name, k) => { const x = px(one.points[k][0]); chart.append(s('text', { x: x > W - 90 ? x : x + 8, y: py(one.points[k][1]) - 10, 'text-anchor': x > W - 90 ? 'end' : 'start', text: name })); });
    if (one.dots) one.points.forEach(([x, y]) => chart.append(s('circle', { cx: px(x), cy: py(y), r: 4, fill: one.color }, s('title', { text: `${number(x)}: ${number(y)}` }))));
  }
  return h('figure', {}, chart, series.some((one) => one.name) ? keys(series) : null);
}

/** Bars from the largest. @param {{values: number[], label: string, y: string, x?: string, top?: number}} options */
export function bars({ values, label, y, x = '', top }) {
  const most = top ?? Math.max(...values, 1e-9);
  const chart = s('svg', { class: 'chart', viewBox: `0 0 ${W} 220`, role: 'img', 'aria-label': label });
  const high = 220 - 40, py = (v) => high - ((high - T) * Math.max(0, Math.min(v, most))) / most;
  for (const v of ticks(0, most, 4)) chart.append(s('line', { class: 'grid', x1: L, x2: W - R, y1: py(v), y2: py(v) }), s('text', { x: L - 8, y: py(v) + 4, 'text-anchor': 'end', text: number(v) }));
  const step = (W - L - R) / values.length;
  values.forEach((v, k) => chart.append(s('rect', { x: L + step * k + step * 0.14, y: py(v), width: Math.max(0.5, step * 0.72), height: Math.max(0, high - py(v)), fill: 'var(--c0)', rx: Math.min(2, step / 4) }, s('title', { text: `${k + 1}: ${number(v)}` }))));
  chart.append(s('line', { class: 'axis', x1: L, x2: W - R, y1: high, y2: high }), s('text', { x: 4, y: 14, text: y }), s('text', { x: W - R, y: 214, 'text-anchor': 'end', text: x }));
  return h('figure', {}, chart);
}

/** A slider over named values. @param {string} label @param {string[]} values @param {number} start @param {(index: number) => void} onChange */
export function chooser(label, values, start, onChange) {
  const output = h('output', { text: values[start] });
  const input = h('input', { type: 'range', min: 0, max: values.length - 1, step: 1, value: start, 'aria-label': label, oninput: () => { output.textContent = values[Number(input.value)]; onChange(Number(input.value)); } });
  return h('label', {}, h('span', {}, `${label} `, output), input);
}

/** Buttons with the example digits. @param {any[]} examples @param {number} start @param {(example: any) => void} onChange */
export function picker(examples, start, onChange) {
  const buttons = examples.map((example, k) => h('button', { type: 'button', 'aria-pressed': String(k === start), title: `row ${example.row + 1}, a ${example.label}`, onclick: () => { buttons.forEach((b) => b.setAttribute('aria-pressed', String(b === buttons[k]))); onChange(example); } }, digit(example.pixels, `a ${example.label}`)));
  return h('div', { class: 'picker', role: 'group', 'aria-label': 'Choose a digit' }, buttons);
}

/** Numbers with their names; a sign stays with the number after it. @param {...[value: string, name: string, sign?: string]} parts */
export const sum = (...parts) => h('div', { class: 'sum' }, parts.map(([value, name, sign]) => h('span', {}, sign ? h('b', { class: 'big soft', text: sign }) : null, h('span', {}, h('b', { class: 'big', text: value }), h('small', {}, formula(name))))));
