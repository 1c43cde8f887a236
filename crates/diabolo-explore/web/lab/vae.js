// A variational autoencoder at work.

import { filling, h, number, problem, s } from '../dom.js';
import { latest } from '../server.js';
import { digit, picker, strip, sum } from './charts.js';
import { figure, isStatic, live } from './data.js';

const SIZE = 460, REACH = 3.3;
const px = (v) => SIZE / 2 + (v * SIZE) / (2 * REACH);
const py = (v) => SIZE / 2 - (v * SIZE) / (2 * REACH);

/** The codes of the held-out digits, and circles of the prior. @param {any} found */
function plane(found) {
  const svg = s('svg', { class: 'plane', viewBox: `0 0 ${SIZE} ${SIZE}`, role: 'application', tabindex: 0, 'aria-label': 'Plane of the code: drag to decode' });
  [1, 2, 3].forEach((r) => svg.append(s('circle', { cx: px(0), cy: py(0), r: px(r) - px(0), fill: 'none', stroke: 'var(--rule)' }), s('text', { x: px(r) + 3, y: py(0) - 4, text: `${r}σ` })));
  svg.append(s('line', { x1: 0, x2: SIZE, y1: py(0), y2: py(0), stroke: 'var(--rule)' }), s('line', { x1: px(0), x2: px(0), y1: 0, y2: SIZE, stroke: 'var(--rule)' }));
  found.labels.forEach((label, k) => svg.append(s('text', { x: px(found.codes[2 * k]), y: py(found.codes[2 * k + 1]) + 4, 'text-anchor': 'middle', fill: `var(--c${label})`, 'font-weight': 600, style: { fill: `var(--c${label})` }, text: label })));
  return svg;
}

/** A pad of 8 × 8 pixels to draw on. @param {Float32Array} pixels @param {() => void} onChange */
function pad(pixels, onChange) {
  const canvas = h('canvas', { class: 'picture pad', width: 8, height: 8, id: 'pad', 'aria-label': 'Draw a digit here' });
  const draw = () => {
    const data = new ImageData(8, 8);
    pixels.forEach((v, k) => { data.data.fill(Math.round(255 * v), 4 * k, 4 * k + 3); data.data[4 * k + 3] = 255; });
    canvas.getContext('2d').putImageData(data, 0, 0);
  };
  const brush = (event) => {
    const box = canvas.getBoundingClientRect();
    const x = (8 * (event.clientX - box.left)) / box.width - 0.5, y = (8 * (event.clientY - box.top)) / box.height - 0.5;
    for (let j = 0; j < 8; j++) for (let i = 0; i < 8; i++) {
      const ink = Math.max(0, 1 - Math.hypot(i - x, j - y) / 1.15);
      pixels[8 * j + i] = Math.min(1, Math.max(pixels[8 * j + i], Math.round(16 * 1.25 * ink) / 16));
    }
    draw(); onChange();
  };
  canvas.addEventListener('pointerdown', (event) => { canvas.setPointerCapture(event.pointerId); brush(event); });
  canvas.addEventListener('pointermove', (event) => { if (event.buttons & 1) brush(event); });
  draw();
  return { canvas, draw };
}

async function work(box) {
  const [codes, examples] = await Promise.all([figure('codes', { model: 'vae2' }), figure('examples')]);
  const pixels = Float32Array.from(examples[3].values);
  let epsilon = [0.8, -0.6];
  const marks = s('g'), out = h('div'), numbers = h('div'), words = h('p', { class: 'small soft num' });
  const svg = plane(codes);
  svg.append(marks);
  const show = (found) => {
    const [mx, my] = found.mean, [dx, dy] = found.log_variance.map((v) => Math.exp(v / 2)), [zx, zy] = found.z;
    const ellipse = (k) => s('ellipse', { cx: px(mx), cy: py(my), rx: px(k * dx) - px(0), ry: px(k * dy) - px(0), fill: 'var(--second)', 'fill-opacity': 0.16, stroke: 'var(--second)', 'stroke-width': 1.5 });
    marks.replaceChildren(ellipse(2), ellipse(1), s('circle', { cx: px(mx), cy: py(my), r: 3.5, fill: 'var(--second)' }), s('circle', { cx: px(zx), cy: py(zy), r: 6, fill: 'var(--page)', stroke: 'var(--ink)', 'stroke-width': 2.4 }));
    out.replaceChildren(digit(found.decoded, 'the decoded draw'));
    words.textContent = `μ = (${number(mx)}, ${number(my)}), σ = (${number(dx)}, ${number(dy)}), ε = (${epsilon.map(number).join(', ')}), z = μ + σ ⊙ ε = (${number(zx)}, ${number(zy)})`;
    numbers.replaceChildren(sum([number(found.reconstruction), '−log p(x | z), nats'], [number(found.kl_total), 'KL(q(z|x) ‖ p(z)), nats', '+'], [number(found.negative_elbo), '−ELBO, with this one draw', '=']));
  };
  const showPoint = (code, { pixels: made }) => {
    marks.replaceChildren(s('circle', { cx: px(code[0]), cy: py(code[1]), r: 7, fill: 'var(--page)', stroke: 'var(--ink)', 'stroke-width': 2.4 }));
    out.replaceChildren(digit(made, 'the decoded point'));
    words.textContent = `z = (${code.map(number).join(', ')}), chosen by you: no encoder took part.`;
    numbers.replaceChildren();
  };
  // One line for all questions, so that no answer comes after that to a later one.
  const ask = latest(async (answer) => (await answer())(), (error) => numbers.replaceChildren(problem(error)));
  const run = () => ask(async () => { const found = await live('posterior', { model: 'vae2', pixels: Array.from(pixels), epsilon }); return () => show(found); });
  const stored = (row) => ask(async () => { const found = await figure('posterior', { model: 'vae2', row }); return () => show(found); });
  const decodeAt = (code) => ask(async () => { const found = await live('decode', { model: 'vae2', code }); return () => showPoint(code, found); });
  const drawing = pad(pixels, run);
  const choose = (example) => {
    pixels.set(example.values); drawing.draw();
    if (isStatic) { epsilon = [0, 0]; stored(example.row); } else run();
  };
  const again = () => { epsilon = [0, 1].map(() => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random())); run(); };
  const at = (event) => { const r = svg.getBoundingClientRect(); return [((event.clientX - r.left) / r.width - 0.5) * 2 * REACH, (0.5 - (event.clientY - r.top) / r.height) * 2 * REACH]; };
  if (!isStatic) {
    svg.addEventListener('pointerdown', (event) => { svg.setPointerCapture(event.pointerId); decodeAt(at(event)); });
    svg.addEventListener('pointermove', (event) => { if (event.buttons & 1) decodeAt(at(event)); });
  }
  box.replaceChildren(
    h('div', { class: 'flow' },
      h('div', {}, h('h3', { text: '1 · Draw x, or choose one' }), h('div', { class: 'pad-box' }, drawing.canvas), h('div', { class: 'row-actions', style: { margin: '.5rem 0' } }, h('button', { type: 'button', text: 'Clear', onclick: () => { pixels.fill(0); drawing.draw(); run(); } })), picker(examples, 3, choose)),
      h('div', { class: 'arrow', 'aria-hidden': 'true', text: '→' }),
      h('div', {}, h('h3', { text: '2 · q(z | x): one and two σ, and a draw z' }), svg, h('div', { class: 'row-actions' }, h('button', { type: 'button', class: 'primary', id: 'again', text: 'Draw ε again', disabled: isStatic, onclick: again }), h('span', { class: 'small soft', text: isStatic ? '' : 'or drag on the plane: any point can be decoded' }))),
      h('div', { class: 'arrow', 'aria-hidden': 'true', text: '→' }),
      h('div', {}, h('h3', { text: '3 · the mean of p(x | z)' }), h('div', { style: { maxWidth: '15rem' } }, out))),
    words, numbers);
  choose(examples[3]);
}

async function prior(box) {
  const found = await figure('prior', { model: 'vae2' });
  const grid = h('div', { style: { display: 'grid', gridTemplateColumns: `repeat(${found.side}, minmax(0, 1fr))`, gap: '2px', maxWidth: '38rem' } });
  const words = h('figcaption', { class: 'num', text: 'Point at a picture to see its code.' });
  found.pictures.forEach((pixels, k) => {
    const z = [found.at[k % found.side], found.at[found.side - 1 - Math.floor(k / found.side)]];
    const canvas = digit(pixels, `z = (${z.map(number).join(', ')})`);
    canvas.addEventListener('pointerenter', () => { words.textContent = `z = (${z.map(number).join(', ')})`; });
    grid.append(canvas);
  });
  box.replaceChildren(h('figure', {}, grid, words));
}

async function between(box) {
  const examples = await figure('examples');
  let [from, to] = [examples[3], examples[8]];
  const body = h('div');
  const show = filling(body, async () => {
    if (from === to) return [h('p', { class: 'soft', text: 'Choose two different digits.' })];
    const found = await figure('between', { model: 'vae', from: from.row, to: to.row });
    return [strip('by codes: g((1−t) z₁ + t z₂)', found.codes), strip('by pixels: (1−t) x₁ + t x₂', found.pixels)];
  });
  await show(0);
  box.replaceChildren(h('div', { class: 'two' }, h('div', {}, h('p', { class: 'small soft', text: 'from' }), picker(examples, 3, (e) => { from = e; show(0); })), h('div', {}, h('p', { class: 'small soft', text: 'to' }), picker(examples, 8, (e) => { to = e; show(0); }))), body);
}

async function samples(box) {
  let seed = 0;
  const tiles = h('div', { class: 'tiles' });
  const show = filling(tiles, async () => (await figure('samples', { model: 'vae', seed })).pictures.map((pixels) => digit(pixels, 'a new digit')));
  await show(0);
  box.replaceChildren(tiles, isStatic ? '' : h('p', { style: { marginTop: '.7rem' } }, h('button', { type: 'button', text: 'Draw 32 others', onclick: () => { seed++; show(0); } })));
}

async function classes(box) {
  const found = await figure('classes');
  box.replaceChildren(h('div', { class: 'three' }, h('div', {}, found.slice(0, 5).map((pictures, k) => strip(`label = ${k}`, pictures))), h('div', {}, found.slice(5).map((pictures, k) => strip(`label = ${k + 5}`, pictures)))));
}

export const FIGURES = { work, prior, between, samples, classes };
