// Lines of a window of a series.

import { h, number, s, ticks } from '../dom.js';

const WIDTH = 380, HEIGHT = 150, LEFT = 46, BOTTOM = 24;

/**
 * One chart for each column of the series; numbers only.
 * @param {any[]} columns those of the window, column after column, oldest first @param {number} length
 * @param {boolean} isDraw the cells are a draw from p(x | z), not its mean
 */
export function series(columns, length, isDraw) {
  const box = h('div', { id: 'decoded', style: { display: 'grid', gap: '1rem' } });
  box.dataset.cells = JSON.stringify(columns.map((column) => [column.name, column.text]));
  for (let from = 0; from + length <= columns.length; from += length) {
    const part = columns.slice(from, from + length);
    const name = part[length - 1].name;
    if (part.every((column) => column.mean !== null)) {
      const band = part.some((c) => c.deviation !== null);
      const what = isDraw ? `a draw from p(x | z)${band ? ', with its mean ± standard deviation' : ''}` : `mean${band ? ' ± standard deviation' : ''} of p(x | z)`;
      box.append(h('figure', {}, line(part, isDraw), h('figcaption', { text: `${name}: the last ${length} rows, ${what}; now ${part[length - 1].text}` })));
    } else {
      box.append(h('p', { class: 'small' }, h('b', { text: `${name}: ` }), part[length - 1].text ?? '–'));
    }
  }
  return box;
}

/** @param {any[]} part @param {boolean} isDraw */
function line(part, isDraw) {
  // The cells of a draw; a date, which is no number there, stays at its mean.
  const values = part.map((c) => (isDraw && c.text !== null && Number.isFinite(Number(c.text)) ? Number(c.text) : c.mean));
  const low = Math.min(...values, ...part.map((c) => c.mean - (c.deviation ?? 0))), high = Math.max(...values, ...part.map((c) => c.mean + (c.deviation ?? 0)));
  const { chart, x, y } = axes(low, high, part.length, 'decoded window');
  if (part.some((c) => c.deviation !== null)) {
    const edge = (sign) => part.map((c, k) => `${x(k).toFixed(1)} ${y(c.mean + sign * (c.deviation ?? 0)).toFixed(1)}`);
    chart.append(s('path', { d: `M${edge(1).join('L')}L${edge(-1).reverse().join('L')}Z`, fill: 'var(--accent)', 'fill-opacity': 0.16 }));
  }
  chart.append(s('path', { class: 'line', stroke: 'var(--accent)', d: `M${values.map((v, k) => `${x(k).toFixed(1)} ${y(v).toFixed(1)}`).join('L')}` }));
  return chart;
}

/** An empty chart of `count` rows, and where its points are. @param {number} low @param {number} high @param {number} count @param {string} label */
function axes(low, high, count, label) {
  const span = high - low || 1;
  const x = (/** @type {number} */ k) => LEFT + ((WIDTH - LEFT - 6) * k) / Math.max(1, count - 1), y = (/** @type {number} */ v) => 8 + (HEIGHT - BOTTOM - 8) * (1 - (v - low) / span);
  const chart = s('svg', { class: 'chart', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img', 'aria-label': label });
  for (const v of ticks(low, high, 4)) chart.append(s('line', { class: 'grid', x1: LEFT, x2: WIDTH - 6, y1: y(v), y2: y(v) }), s('text', { x: LEFT - 6, y: y(v) + 4, 'text-anchor': 'end', text: number(v) }));
  [0, count - 1].forEach((k, i) => chart.append(s('text', { x: x(k), y: HEIGHT - 6, 'text-anchor': i ? 'end' : 'start', text: i ? 'now' : `${count - 1} rows back` })));
  return { chart, x, y };
}

/**
 * One chart for each column, with the means of several decoded windows: the first blue, the last orange.
 * @param {any[][]} windows the columns of each @param {number} length
 */
export function bundle(windows, length) {
  const figures = [];
  for (let from = 0; from + length <= windows[0].length; from += length) {
    const lines = windows.map((columns) => columns.slice(from, from + length).map((c) => c.mean));
    const { name } = windows[0][from + length - 1];
    const all = lines.flat();
    if (all.some((v) => v === null)) continue;
    const { chart, x, y } = axes(Math.min(...all), Math.max(...all), length, `${name}: decoded windows of the path`);
    lines.forEach((line, k) => chart.append(s('path', { class: 'line', stroke: `color-mix(in oklab, var(--second) ${((100 * k) / (lines.length - 1)).toFixed(0)}%, var(--accent))`, d: `M${line.map((v, at) => `${x(at).toFixed(1)} ${y(v).toFixed(1)}`).join('L')}` })));
    figures.push(h('figure', {}, chart, h('figcaption', { text: `${name}: means of p(x | z) from the first row (blue) to the second (orange)` })));
  }
  return h('div', { class: 'figures' }, figures);
}
