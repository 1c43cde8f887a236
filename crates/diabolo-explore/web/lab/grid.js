// Two settings at once: a model for each pair of a width of the code and a weight.

import { filling, formula, h, number } from '../dom.js';
import { strip, sum } from './charts.js';
import { figure, isStatic } from './data.js';

/** The sign of the weight, its knob on the page to build, and the measures: the second one is what it weighs. */
const FAMILIES = {
  contractive: { sign: 'λ', knob: 'lambda', start: '0.1', measures: [['reconstruction', 'Reconstruction, nats'], ['contraction', '‖J‖²_F'], ['active_units', 'Active units of the code']] },
  variational: { sign: 'β', knob: 'beta', start: '1', measures: [['reconstruction', 'Reconstruction, nats'], ['kl_divergence', 'KL divergence, nats'], ['active_units', 'Active latent dimensions']] },
};

/** Percentages of colour that grow with the values, or with their logarithms if they span decades. @param {number[]} values */
function shades(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const scale = low > 0 && high > 30 * low ? Math.log : (v) => v;
  return values.map((v) => 6 + (40 * (scale(v) - scale(low))) / (scale(high) - scale(low) || 1));
}

/** A number that fits a cell: counts as they are, others with two or three digits. @param {number} value */
function short(value) {
  const digits = Math.abs(value) < 1 ? 2 : 3;
  const options = Number.isInteger(value) ? {} : { minimumSignificantDigits: digits, maximumSignificantDigits: digits };
  return value.toLocaleString('en', options).replace('-', '−');
}

async function grid(box) {
  const family = box.dataset.family ?? '';
  const { sign, knob, start, measures } = FAMILIES[family];
  const [{ widths, weights, keys }, examples] = await Promise.all([figure('grid', { family }), figure('examples')]);
  const cells = keys.flatMap((row, i) => row.map((key, j) => ({ key, width: widths[i], weight: weights[j], found: null, buttons: [] })));
  const body = h('div', { class: 'cell' });
  const show = filling(body, async (cell) => {
    const { metrics, pictures, samples, doctor, command, epochs } = await ask(cell);
    const [, [weighted, name]] = measures;
    return [
      h('h3', { text: `Width ${cell.width}, ${sign} = ${cell.weight}` }),
      h('div', { class: 'two' },
        h('div', {}, strip('held-out digits', examples.map((e) => e.pixels)), strip('reconstructed', pictures), samples.length ? strip('new digits', samples) : null),
        h('div', {}, sum([number(metrics.reconstruction), 'reconstruction'], [number(metrics[weighted]), name.replace(', nats', ''), `+ ${cell.weight} ×`], [number(metrics.reconstruction + Number(cell.weight) * metrics[weighted]), 'objective, nats', '=']),
          doctor.length ? h('p', { class: 'warn' }, h('b', { text: 'The doctor: ' }), doctor.join(' ')) : null,
          h('pre', { class: 'command', text: `$ ${command}` }),
          isStatic ? null : h('p', {}, h('a', { href: `/build#family=${family}&latent=${cell.width}&${knob}=${cell.weight}&epochs=${epochs}`, text: 'Train this model live' })))),
    ];
  });
  const choose = (cell) => {
    cells.forEach((one) => one.buttons.forEach((button) => button.setAttribute('aria-pressed', String(one === cell))));
    return show(cell);
  };
  const table = ([, name], k) => {
    const button = (cell) => (cell.buttons[k] = h('button', { type: 'button', text: '…', 'aria-label': `${name}, width ${cell.width}, ${sign} = ${cell.weight}: not trained yet`, onclick: () => choose(cell) }));
    const row = (width) => h('tr', {}, h('th', { scope: 'row', class: 'num', text: width }), cells.filter((cell) => cell.width === width).map((cell) => h('td', {}, button(cell))));
    return h('table', { class: 'crossed' }, h('caption', {}, formula(name)), h('thead', {}, h('tr', {}, h('th', { class: 'soft', text: 'width' }), weights.map((weight) => h('th', { scope: 'col', class: 'num', text: `${sign} = ${weight}` })))), h('tbody', {}, widths.map(row)));
  };
  /** One model, which is trained if it was not; its numbers then get their places. */
  async function ask(cell) {
    cell.found = await figure('cell', { model: cell.key });
    const known = cells.filter((one) => one.found);
    measures.forEach(([measure, name], k) => {
      const values = known.map((one) => one.found.metrics[measure]), shade = shades(values);
      known.forEach(({ buttons, width, weight }, i) => {
        buttons[k].textContent = short(values[i]);
        buttons[k].setAttribute('aria-label', `${name}, width ${width}, ${sign} = ${weight}: ${number(values[i])}`);
        buttons[k].style.background = `color-mix(in srgb, var(--c0) ${Math.round(shade[i])}%, transparent)`;
      });
    });
    return cell.found;
  }
  box.replaceChildren(h('div', { class: 'three' }, measures.map(table)), h('p', { class: 'small soft', text: 'Of held-out digits; the stronger the colour, the larger the number. Choose a cell to see its model.' }), body);
  await choose(cells.find((cell) => cell.width === widths[1] && cell.weight === start));
  // One after the other: a browser has few connections, and a chosen cell needs one.
  for (const cell of cells) await ask(cell);
}

export const FIGURES = { grid };
