// The evidence lower bound, the reparameterisation, and β.

import { filling, h, number, problem, s } from '../dom.js';
import { latest } from '../server.js';
import { COLORS, bars, chooser, lines, picker, strip, sum } from './charts.js';
import { figure, isStatic, live } from './data.js';

async function bound(box) {
  const examples = await figure('examples');
  const body = h('div');
  const show = filling(body, async (example) => {
    const found = await figure('bound', { row: example.row });
    const last = found.estimates[found.estimates.length - 1];
    return [
      sum([number(found.reconstruction), `−log p(x | z), mean of ${found.draws.length} draws`], [number(found.kl_total), 'KL(q ‖ p), closed form', '+'], [number(found.negative_elbo), '−ELBO, nats', '=']),
      h('div', { class: 'two', style: { marginTop: '1.2rem' } },
        h('div', {}, strip('x', [found.pixels]), strip('8 draws, decoded', found.pictures),
          bars({ values: found.kl, label: 'KL divergence by dimension', y: 'KL of each latent dimension, nats', x: 'latent dimension' })),
        h('div', {}, lines({ label: 'estimates of −log p(x)', x: 'draws K', y: 'nats', logX: true, series: [
          { name: '−log 1/K Σ p(x, zₖ) / q(zₖ | x)', color: COLORS[0], dots: true, points: found.estimates },
          { name: '−ELBO', color: COLORS[2], points: found.estimates.map(([k]) => [k, found.negative_elbo]) }] }),
        sum([number(found.negative_elbo), '−ELBO'], [number(last[1]), `−log p(x), estimated with K = ${last[0].toLocaleString('en')}`, '−'], [number(found.negative_elbo - last[1]), 'the gap: about KL(q(z|x) ‖ p(z|x))', '=']))),
    ];
  });
  await show(examples[5]);
  box.replaceChildren(h('div', { class: 'knobs' }, picker(examples, 5, show)), body);
}

const W = 620, LIMIT = 4;
const at = (v) => W / 2 + (v * (W - 40)) / (2 * LIMIT);

async function reparameterise(box) {
  if (isStatic) throw new Error('this figure needs the program: start `diabolo lab` on your own computer');
  const state = { mean: 0.8, deviation: 0.5, seed: 0 };
  const svg = s('svg', { class: 'chart', viewBox: `0 0 ${W} 210`, role: 'img', 'aria-label': 'draws of epsilon and of z', style: { maxWidth: '46rem' } });
  const words = h('div', { class: 'num' });
  const run = latest(async () => {
    const found = await live('reparameterise', { settings: [state.mean, state.deviation, state.seed] });
    const parts = [];
    const bell = (mean, deviation, y, color) => s('path', { fill: color, 'fill-opacity': 0.15, stroke: color, d: `M${Array.from({ length: 121 }, (_, k) => { const x = -LIMIT + (2 * LIMIT * k) / 120; return `${at(x).toFixed(1)} ${(y - (26 / Math.max(deviation, 0.35)) * Math.exp(-0.5 * ((x - mean) / deviation) ** 2)).toFixed(1)}`; }).join('L')}Z` });
    parts.push(bell(0, 1, 70, 'var(--c0)'), bell(state.mean, state.deviation, 165, 'var(--c6)'));
    [70, 165].forEach((y) => parts.push(s('line', { class: 'axis', x1: 20, x2: W - 20, y1: y, y2: y })));
    for (let v = -3; v <= 3; v++) parts.push(s('text', { x: at(v), y: 195, 'text-anchor': 'middle', text: number(v) }));
    found.epsilon.forEach((e, k) => {
      parts.push(s('line', { x1: at(e), y1: 70, x2: at(found.z[k]), y2: 165, stroke: 'var(--other)' }), s('circle', { cx: at(e), cy: 70, r: 4, fill: 'var(--c0)' }), s('circle', { cx: at(found.z[k]), cy: 165, r: 4, fill: 'var(--c6)' }));
    });
    parts.push(s('text', { x: 20, y: 20, text: 'ε ~ N(0, 1), frozen' }), s('text', { x: 20, y: 122, text: 'z = μ + σ ε' }));
    svg.replaceChildren(...parts);
    words.replaceChildren(sum([number(found.epsilon[0]), 'first ε'], [number(found.z[0]), 'its z', '→'], ['1', '∂z/∂μ'], [number(found.epsilon[0]), '∂z/∂σ = ε'], [number(found.kl), 'KL(N(μ, σ²) ‖ N(0, 1)), nats']));
  }, (error) => words.replaceChildren(problem(error)));
  const slider = (name, key, min, max) => {
    const output = h('output', { text: number(state[key]) });
    const input = h('input', { type: 'range', min, max, step: 0.01, value: state[key], 'aria-label': name, oninput: () => { state[key] = Number(input.value); output.textContent = number(state[key]); run(0); } });
    return h('label', {}, h('span', {}, `${name} = `, output), input);
  };
  box.replaceChildren(h('div', { class: 'knobs' }, slider('μ', 'mean', -2.5, 2.5), slider('σ', 'deviation', 0.05, 1.5), h('button', { type: 'button', text: 'Draw ε again', onclick: () => { state.seed = (state.seed + 1) % 1000; run(0); } })), svg, words);
  run(0);
}

async function collapse(box) {
  const [all, examples] = await Promise.all([figure('collapse'), figure('examples')]);
  const names = all.map((one) => String(one.weight));
  const most = Math.max(...all.map((one) => one.kl[0]));
  const body = h('div');
  const show = (k) => {
    const one = all[k];
    body.replaceChildren(h('div', { class: 'two' },
      h('div', {}, sum([number(one.reconstruction), 'reconstruction, nats'], [number(one.kl_divergence), 'KL, nats', `+ ${one.weight} ×`]),
        strip('held-out digits', examples.map((e) => e.pixels)), strip(`β = ${one.weight}`, one.pictures), strip('new digits', one.samples.slice(0, 10)),
        h('p', { class: 'small soft', text: `${one.active} of ${one.kl.length} latent dimensions are active. Σ of the bars: ${number(one.kl.reduce((a, b) => a + b, 0))} nats.` }),
        one.doctor.length ? h('p', { class: 'warn' }, h('b', { text: 'The doctor: ' }), one.doctor.join(' ')) : '', h('pre', { class: 'command', text: `$ ${one.command}` })),
      h('div', {}, bars({ values: one.kl, label: 'KL divergence by dimension', y: 'KL of each latent dimension, nats', x: 'by size', top: most }),
        lines({ label: 'rate and distortion', x: 'KL divergence, nats (rate)', y: 'reconstruction, nats (distortion)', mark: one.kl_divergence, series: [{ name: '', names: all.map((o) => `β = ${o.weight}`), color: COLORS[0], dots: true, points: all.map((o) => [o.kl_divergence, o.reconstruction]) }] }))));
  };
  show(1);
  box.replaceChildren(h('div', { class: 'knobs' }, chooser('β =', names, 1, show)), body);
}

export const FIGURES = { bound, reparameterise, collapse };
