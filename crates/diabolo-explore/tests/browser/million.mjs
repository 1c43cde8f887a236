// The explorer with a million points: times in the browser and at the server, and the server's memory.
//
//   npm ci && DIABOLO=../../../../target/release/diabolo CHROMIUM=/usr/bin/chromium node million.mjs [ROWS]
//
// Run by hand on a machine that does nothing else, with the release program; CI does not run it, and no test asserts a time.

import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const program = process.env.DIABOLO ?? 'diabolo';
const rows = Number(process.argv[2] ?? 1_000_000);
const folder = mkdtempSync(join(tmpdir(), 'diabolo-million-'));

/** Three clusters of six related numbers, the same ones on each run. */
async function write(path) {
  let state = 1;
  const uniform = () => { state = (Math.imul(state, 1664525) + 1013904223) >>> 0; return state / 2 ** 32; };
  const normal = () => Math.sqrt(-2 * Math.log(uniform() + 1e-12)) * Math.cos(2 * Math.PI * uniform());
  const file = createWriteStream(path);
  file.write('a,b,c,d,e,f\n');
  for (let i = 0; i < rows; i += 10000) {
    const lines = Array.from({ length: Math.min(10000, rows - i) }, () => {
      const [k, u, v] = [Math.floor(3 * uniform()), normal(), normal()];
      return [4 * (k === 1) + u, 4 * (k === 2) + v, u * v, u - v + 0.2 * normal(), k + 0.3 * normal(), Math.sin(u) + 0.1 * normal()].map((x) => x.toFixed(3)).join(',');
    });
    if (!file.write(`${lines.join('\n')}\n`)) await once(file, 'drain');
  }
  file.end();
  await once(file, 'finish');
}

const quantile = (times, share) => [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(share * times.length))] ?? NaN;
const summary = (times) => `median ${quantile(times, 0.5).toFixed(1)} ms, p95 ${quantile(times, 0.95).toFixed(1)} ms, longest ${Math.max(...times).toFixed(1)} ms (${times.length})`;
const say = (what, text) => console.log(`${what.padEnd(34)} ${text}`);

/** Notes in the page when each frame of the map is drawn, and when texts appear. */
function observed() {
  const seen = { first: 0, whole: 0, frames: [], selected: 0, compared: 0, released: 0, decoded: 0 };
  Object.assign(window, { seen });
  let last = '';
  addEventListener('pointerup', () => { seen.released = performance.now(); seen.selected = seen.compared = 0; }, true);
  new MutationObserver(() => {
    const map = document.querySelector('.map');
    const { drawn, took } = map?.dataset ?? {};
    if (Number(drawn) > 0 && last !== `${drawn} ${took}`) {
      last = `${drawn} ${took}`;
      seen.frames.push({ drawn, took, at: performance.now() });
      seen.first ||= performance.now();
    }
    const selected = document.querySelector('#selected');
    if (selected) seen.selected ||= performance.now();
    if (selected && document.querySelector('.effect')) seen.compared ||= performance.now();
  }).observe(document, { subtree: true, childList: true, attributes: true });
}

/** Drags from one place of the map to others, for `steps` moves. */
async function drag(page, places, steps) {
  const box = await page.locator('.map svg').first().boundingBox();
  const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
  await page.mouse.move(...at(places[0]));
  await page.mouse.down();
  for (const place of places.slice(1)) await page.mouse.move(...at(place), { steps });
  await page.mouse.up();
}

async function moving(page) {
  await page.keyboard.press('m');
  await page.evaluate(() => { seen.frames = []; });
  await page.evaluate(() => {
    seen.ticks = [];
    const tick = (at) => { seen.ticks.push(at); seen.ticking = requestAnimationFrame(tick); };
    requestAnimationFrame(tick);
  });
  await drag(page, [[0.5, 0.5], [0.6, 0.4], [0.4, 0.6], [0.55, 0.5]], 40);
  const { frames, ticks } = await page.evaluate(() => { cancelAnimationFrame(seen.ticking); return { frames: seen.frames, ticks: seen.ticks }; });
  await page.waitForTimeout(1500);
  const took = frames.map((frame) => Number(frame.took));
  say('frame while the map moves', summary(took));
  say('points in such a frame', frames.map(({ drawn }) => Number(drawn).toLocaleString('en')).filter((_, k) => k % 8 === 0).join(' '));
  say('between frames of the page', summary(ticks.slice(1).map((at, k) => at - ticks[k])));
}

async function hovering(page) {
  const times = await page.evaluate(() => {
    const svg = document.querySelector('.map svg');
    const box = svg.getBoundingClientRect();
    return Array.from({ length: 300 }, (_, k) => {
      const start = performance.now();
      svg.dispatchEvent(new PointerEvent('pointermove', { clientX: box.left + box.width * (0.2 + 0.6 * ((k * 0.618) % 1)), clientY: box.top + box.height * (0.2 + 0.6 * ((k * 0.414) % 1)) }));
      return performance.now() - start;
    });
  });
  say('hover', summary(times));
}

async function lasso(page) {
  await page.keyboard.press('s');
  const circle = Array.from({ length: 60 }, (_, k) => [0.5 + 0.35 * Math.cos((k * 2 * Math.PI) / 60), 0.5 + 0.4 * Math.sin((k * 2 * Math.PI) / 60)]);
  await drag(page, circle, 2);
  await page.waitForFunction(() => seen.compared > 0, undefined, { timeout: 60000 });
  const { selected, compared, released } = await page.evaluate(() => seen);
  say('lasso, to the count', `${(selected - released).toFixed(0)} ms: ${await page.locator('#selected').textContent()}`);
  say('lasso, to the columns that differ', `${(compared - released).toFixed(0)} ms`);
}

async function decoding(page) {
  await page.keyboard.press('d');
  await page.keyboard.press('1');
  const server = await page.evaluate(async () => {
    const times = [];
    for (let k = 0; k < 200; k++) {
      const start = performance.now();
      const answer = await fetch('/api/decode', { method: 'POST', headers: { 'content-type': 'application/json', 'x-diabolo': '1' }, body: JSON.stringify({ run: 0, code: [Math.sin(k), Math.cos(k)] }) });
      await answer.text();
      times.push(performance.now() - start);
    }
    return times;
  });
  say('decode, answer of the server', summary(server));
  const pixels = await page.evaluate(async () => {
    const svg = document.querySelector('.map svg');
    const box = svg.getBoundingClientRect();
    const send = (kind, k) => svg.dispatchEvent(new PointerEvent(kind, { button: 0, pointerId: 1, bubbles: true, clientX: box.left + box.width * (0.35 + 0.003 * k), clientY: box.top + box.height * 0.5 }));
    svg.setPointerCapture = () => {};
    const shown = () => document.querySelector('[data-code]')?.getAttribute('data-code');
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    send('pointerdown', 0);
    const times = [];
    for (let k = 1; k <= 80; k++) {
      const [start, before] = [performance.now(), shown()];
      send('pointermove', 3 + k);
      while (shown() === before && performance.now() - start < 2000) await frame();
      times.push(performance.now() - start);
    }
    send('pointerup', 90);
    return times;
  });
  say('decode, a move to pixels', summary(pixels));
}

function memory(child) {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const of = (name) => `${(Number(status.match(new RegExp(`${name}:\\s+(\\d+)`))[1]) / 1024).toFixed(0)} MiB`;
  say('memory of the server', `${of('VmRSS')} now, ${of('VmHWM')} at most`);
}

let child, browser;
try {
  await write(join(folder, 'rows.csv'));
  const fit = ['fit', 'rows.csv', '--latent-dim', '2', '--hidden', '32', '--epochs', '1', '--out', 'run'];
  execFileSync(program, fit, { cwd: folder, stdio: 'ignore' });
  const start = performance.now();
  child = spawn(program, ['explore', 'run', '--no-open'], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  const [address] = await once(child.stdout, 'data');
  say('start of the server', `${((performance.now() - start) / 1000).toFixed(1)} s for ${rows.toLocaleString('en')} rows`);
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  await page.addInitScript(observed);
  await page.goto(address.toString().trim());
  await page.waitForFunction((all) => seen.frames.some(({ drawn }) => Number(drawn) >= all), rows, { timeout: 120000 });
  const { first, frames } = await page.evaluate(() => seen);
  say('first paint', `${first.toFixed(0)} ms after the page was asked for; all points at ${frames.find(({ drawn }) => Number(drawn) >= rows).at.toFixed(0)} ms`);
  await page.waitForSelector('body[data-ready="true"]', { timeout: 120000 });
  await page.waitForTimeout(1500);
  memory(child);
  await moving(page);
  await hovering(page);
  await lasso(page);
  await decoding(page);
  memory(child);
} finally {
  await browser?.close();
  child?.kill();
  rmSync(folder, { recursive: true, force: true });
}
