// The width of the code, and noise.

import { filling, h, s } from '../dom.js';
import { COLORS, chooser, lines, strip } from './charts.js';
import { figure } from './data.js';

async function width(box) {
  const found = await figure('width');
  const names = found.widths.map((one) => String(one.width));
  const body = h('div');
  const show = (k) => {
    const one = found.widths[k];
    body.replaceChildren(h('div', { class: 'two' }, h('div', {}, strip('held-out digits', found.originals), strip(`autoencoder, ${one.width}`, one.pictures), strip(`PCA, ${one.width}`, one.component_pictures), h('pre', { class: 'command', text: `$ ${one.command}` })),
      lines({ label: 'error by width', x: 'width of the code', y: 'mean squared error per pixel', logX: true, mark: one.width, ticksX: names.map((n) => [Number(n), n]), series: [
        { name: 'autoencoder', color: COLORS[0], dots: true, points: found.widths.map((o) => [o.width, o.mse]) }, { name: 'principal components', color: COLORS[2], dots: true, points: found.widths.map((o) => [o.width, o.components]) }] })));
  };
  show(1);
  box.replaceChildren(h('div', { class: 'knobs' }, chooser('width of the code =', names, 1, show)), body);
}

const LEVELS = ['0.1', '0.2', '0.3', '0.4', '0.5'];

async function noise(box) {
  const body = h('div');
  const show = filling(body, async (k) => {
    const found = await figure('noise', { level: LEVELS[k] });
    const row = (name, mse) => h('tr', {}, h('th', { scope: 'row', text: name }), h('td', { class: 'value', text: mse.toFixed(4) }));
    return [h('div', { class: 'two' }, h('div', {}, strip('clean', found.clean), strip(`noise, σ = ${LEVELS[k]}`, found.noisy), ...found.models.map((one) => strip(one.name, one.pictures))),
      h('table', { class: 'cells', style: { maxWidth: '26rem' } }, h('thead', {}, h('tr', {}, h('th', { text: 'compared with the clean digits' }), h('th', { class: 'value', text: 'mean squared error' }))), h('tbody', {}, row('the noisy digits themselves', found.mse), ...found.models.map((one) => row(one.name, one.mse)))))];
  });
  await show(1);
  box.replaceChildren(h('div', { class: 'knobs' }, chooser('standard deviation of the noise =', LEVELS, 1, show)), body);
}

async function field(box) {
  const found = await figure('field');
  const [x0, x1, y0, y1] = found.box;
  const W = 720, H = (W * (y1 - y0)) / (x1 - x0);
  const px = (v) => ((v - x0) / (x1 - x0)) * W, py = (v) => H - ((v - y0) / (y1 - y0)) * H;
  const svg = s('svg', { class: 'chart', viewBox: `0 0 ${W} ${H}`, role: 'img', 'aria-label': 'the field r(x) − x around two moons', style: { maxWidth: '52rem' } });
  for (let k = 0; k < found.points.length; k += 2) svg.append(s('circle', { cx: px(found.points[k]), cy: py(found.points[k + 1]), r: 2.6, fill: 'var(--c0)', 'fill-opacity': 0.55 }));
  found.ends.forEach(([ex, ey], k) => {
    const [ax, ay] = [px(found.grid[2 * k]), py(found.grid[2 * k + 1])];
    const [dx, dy] = [px(ex) - ax, py(ey) - ay], length = Math.hypot(dx, dy) || 1, cut = Math.min(1, 22 / length);
    const [bx, by] = [ax + dx * cut, ay + dy * cut], [ux, uy] = [dx / length, dy / length];
    svg.append(s('path', { d: `M${ax} ${ay}L${bx} ${by}M${bx - 5 * ux - 3 * uy} ${by - 5 * uy + 3 * ux}L${bx} ${by}L${bx - 5 * ux + 3 * uy} ${by - 5 * uy - 3 * ux}`, fill: 'none', stroke: 'var(--ink)', 'stroke-opacity': 0.7, 'stroke-width': 1.2 }));
  });
  box.replaceChildren(h('figure', {}, svg, h('figcaption', { text: 'Points: the data. Arrows: r(x) − x of a denoising autoencoder (σ = 0.15 in standardised units), cut at one length.' })));
}

export const FIGURES = { width, noise, field };
