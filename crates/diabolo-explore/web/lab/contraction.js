// What the contraction does.

import { filling, formula, h, number, s, ticks } from '../dom.js';
import { signed } from '../picture.js';
import { COLORS, bars, chooser, digit, lines, picker, strip, sum } from './charts.js';
import { figure } from './data.js';

const LAMBDAS = ['0', '0.01', '0.1', '1', '10'];
/** 0 has no place on a logarithmic axis: it is drawn one step before the smallest. */
const place = (weight) => (Number(weight) === 0 ? 0.001 : Number(weight));
const TICKS = /** @type {[number, string][]} */ (LAMBDAS.map((weight) => [place(weight), weight]));

async function weights(box) {
  const [all, examples] = await Promise.all([figure('weights'), figure('examples')]);
  const body = h('div');
  const show = filling(body, async (k) => {
    const one = all[k];
    const filters = await figure('filters', { weight: one.weight });
    return [
      h('div', { class: 'two' },
        h('div', {},
          sum([number(one.reconstruction), 'reconstruction, nats'], [number(one.contraction), '‖J‖²_F', `+ ${one.weight} ×`], [number(one.reconstruction + Number(one.weight) * one.contraction), 'objective, held-out rows', '=']),
          strip('held-out digits', examples.map((e) => e.pixels)), strip(`λ = ${one.weight}`, one.pictures),
          h('p', { class: 'small soft', text: `${one.active} of ${one.units} units of the code are active${one.saturated === null ? '' : `; ${Math.round(100 * one.saturated)} % of code values lie within 5 % of 0 or 1`}.` }),
          h('pre', { class: 'command', text: `$ ${one.command}` })),
        lines({ label: 'reconstruction and contraction by λ', x: 'λ', y: '', logX: true, logY: true, mark: place(one.weight), ticksX: TICKS, series: [
          { name: 'reconstruction (nats)', color: COLORS[0], dots: true, points: all.map((o) => [place(o.weight), o.reconstruction]) },
          { name: '‖J‖²_F', color: COLORS[2], dots: true, points: all.map((o) => [place(o.weight), o.contraction]) }] })),
      h('h3', { text: 'The 32 rows of W with the largest norms' }),
      h('div', { class: 'tiles' }, filters.map((unit, j) => signed(unit, [8, 8], `unit ${j + 1}`))),
    ];
  });
  await show(2);
  box.replaceChildren(h('div', { class: 'knobs' }, chooser('contraction weight λ =', LAMBDAS, 2, show)), body);
}

async function unit(box) {
  const examples = await figure('examples');
  let weight = 2, row = examples[3].row;
  const body = h('div');
  const show = filling(body, async () => {
    const found = await figure('unit', { weight: LAMBDAS[weight], row });
    const line = (u) => h('tr', {}, h('th', { scope: 'row', class: 'num', text: u.unit }), ...[u.code, u.slope, u.slope ** 2, u.norm, u.part].map((v) => h('td', { class: 'value', text: number(v) })));
    const head = ['unit j', 'hⱼ', 'φ′ = hⱼ(1 − hⱼ)', 'φ′²', '‖Wⱼ‖²', 'φ′² ‖Wⱼ‖²'];
    return [h('div', { class: 'two' },
      h('div', {}, h('table', { class: 'cells' }, h('thead', {}, h('tr', {}, head.map((text, k) => h('th', { class: k ? 'value' : '', text })))), h('tbody', {}, found.units.map(line))), h('p', { class: 'small soft', text: `The 8 largest of ${found.count} units.` })),
      h('div', {}, bars({ values: found.parts, label: 'parts of the squared norm', y: 'φ′² ‖Wⱼ‖², by size', x: 'units' }), sum([number(found.sum), `Σ over ${found.count} units, by hand`], [number(found.library), '‖J‖²_F of the library', '='])))];
  });
  await show(0);
  box.replaceChildren(h('div', { class: 'knobs' }, chooser('λ =', LAMBDAS, weight, (k) => { weight = k; show(0); }), picker(examples, 3, (e) => { row = e.row; show(0); })), body);
}

async function spectrum(box) {
  const all = await figure('weights');
  box.replaceChildren(h('div', { class: 'two' },
    h('div', {}, h('h3', { text: 'Singular values of J, mean over held-out digits' }), lines({ label: 'singular values', x: 'rank', y: 'σ', logY: true, series: all.map((one, k) => ({ name: `λ = ${one.weight}`, color: COLORS[k], points: one.singular_values.slice(0, 50).map((v, i) => [i + 1, Math.max(v, 1e-4)]) })) }),
      h('p', { class: 'small soft', text: `Effective rank: ${all.map((one) => `${number(one.effective_rank)} (λ = ${one.weight})`).join(', ')}.` })),
    h('div', {}, h('h3', { text: 'The contraction ratio over distance' }), lines({ label: 'contraction ratio', x: '‖δ‖', y: 'root mean square of ‖f(x+δ) − f(x)‖ / ‖δ‖', logX: true, series: all.map((one, k) => ({ name: `λ = ${one.weight}`, color: COLORS[k], points: one.radii.map((r, i) => [r, one.ratios[i]]) })) }),
      h('p', { class: 'small soft' }, formula('The same digits, and isotropic directions δ. Near 0 this is √(mean ‖J‖²_F / 64): the root mean square of the singular values over the 64 directions of the input.')))));
}

async function tangents(box) {
  const examples = await figure('examples');
  let weight = 2, row = examples[2].row;
  const body = h('div');
  const show = filling(body, async () => {
    const found = await figure('tangents', { weight: LAMBDAS[weight], row });
    const line = (one, k) => h('figure', {}, h('div', { class: 'strip', style: { gridTemplateColumns: '1fr' } }, h('div', {}, digit(one.moved[0], 'moved back'), signed(one.direction, [8, 8], `direction ${k + 1}`), digit(one.moved[1], 'moved on'))), h('figcaption', { class: 'num', text: `v${'₁₂₃₄₅₆'[k]}, σ = ${number(found.singular_values[k])}` }));
    return [h('div', { class: 'two' }, h('div', {}, h('div', { style: { maxWidth: '9rem' } }, digit(found.pixels, 'the digit')), h('p', { class: 'small soft' }, formula(`${found.singular_values.length} singular values; Σσ² = ${number(found.squared)} = ‖J‖²_F.`))),
      bars({ values: found.singular_values.slice(0, 40), label: 'singular values of this digit', y: 'σ of this digit', x: 'rank' })),
    h('div', { class: 'three' }, found.lines.map(line))];
  });
  await show(0);
  box.replaceChildren(h('div', { class: 'knobs' }, chooser('λ =', LAMBDAS, weight, (k) => { weight = k; show(0); }), picker(examples, 2, (e) => { row = e.row; show(0); })), body);
}

async function similar(box) {
  const all = await figure('similar');
  const body = h('div');
  // One scale for all λ: the cloud is seen to get flatter.
  const [most, high] = [0, 1].map((axis) => Math.max(...all.flatMap((one) => one.pairs.map((pair) => pair[axis]))));
  const px = (v) => 50 + (455 * v) / most, py = (v) => 280 - (246 * v) / high;
  const show = (k) => {
    const one = all[k];
    const chart = s('svg', { class: 'chart', id: 'pairs', viewBox: '0 0 520 322', role: 'img', 'aria-label': 'distances of pairs' });
    for (const v of ticks(0, high, 5)) chart.append(s('line', { class: 'grid', x1: 50, x2: 510, y1: py(v), y2: py(v) }), s('text', { x: 42, y: py(v) + 4, 'text-anchor': 'end', text: number(v) }));
    for (const v of ticks(0, most, 6)) chart.append(s('text', { x: px(v), y: 298, 'text-anchor': 'middle', text: number(v) }));
    chart.append(s('line', { class: 'axis', x1: 50, x2: 510, y1: 280, y2: 280 }), s('text', { x: 510, y: 318, 'text-anchor': 'end', text: '‖x − y‖' }), s('text', { x: 4, y: 16, text: '‖f(x) − f(y)‖' }));
    one.pairs.forEach(([x, y]) => chart.append(s('circle', { cx: px(x), cy: py(y), r: 2.6, fill: 'var(--c0)', 'fill-opacity': 0.6 })));
    body.replaceChildren(h('div', { class: 'two' }, h('figure', {}, chart, h('figcaption', { text: `${one.pairs.length} pairs of held-out digits, a point each; the same scale for every λ.` })),
      h('div', {}, sum([`${(100 * one.kept).toFixed(0)} %`, 'of the 10 nearest digits are among the 10 nearest codes']), sum([number(one.largest_ratio), 'largest ‖f(x) − f(y)‖ / ‖x − y‖ of these pairs']),
        lines({ label: 'neighbours kept by λ', x: 'λ', y: 'neighbours kept', logX: true, mark: place(one.weight), ticksX: TICKS, series: [{ name: '', color: COLORS[0], dots: true, points: all.map((o) => [place(o.weight), o.kept]) }] }))));
  };
  show(2);
  box.replaceChildren(h('div', { class: 'knobs' }, chooser('λ =', LAMBDAS, 2, show)), body);
}

export const FIGURES = { weights, unit, spectrum, tangents, similar };
