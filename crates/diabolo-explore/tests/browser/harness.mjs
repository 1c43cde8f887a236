// The program, its servers and a browser, for the tests.

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const program = process.env.DIABOLO ?? 'diabolo';
export const folder = mkdtempSync(join(tmpdir(), 'diabolo-browser-'));
const home = process.env.LAB_CACHE ?? folder;
const servers = [];

/** Runs the command line in the folder. */
export function diabolo(...words) {
  return execFileSync(program, words, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 }).toString();
}

/** The runs that several tests look at: the name of each and its fit. */
const RUNS = {
  run: ['digits', '--latent-dim', '3', '--epochs', '4'],
  second: ['digits', '--model', 'contractive', '--epochs', '2'],
  quantized: ['digits', '--model', 'vector_quantized', '--latent-dim', '8', '--epochs', '3', '--set', 'model.family.groups=4', '--set', 'model.family.codebook_size=8'],
  multiscale: ['digits', '--preset', 'detect', '--epochs', '2'],
  series: ['series.csv', '--key', 'time', '--window', '12', '--latent-dim', '2', '--epochs', '4'],
  table: ['table.csv', '--latent-dim', '2', '--hidden', '16', '--epochs', '3'],
};

/** The tables of two of them. */
const TABLES = {
  'series.csv': ['time,flow,level', ...Array.from({ length: 300 }, (_, t) => `t${t},${(10 + 3 * Math.sin(t / 5)).toFixed(3)},${(Math.cos(t / 7) * 2).toFixed(3)}`)],
  'table.csv': ['size,weight,kind', ...Array.from({ length: 200 }, (_, i) => `${i % 40},${((i * 7) % 90) / 4},${['oak', 'ash', 'elm'][i % 3]}`)],
};

/** A run, which is fitted when it is first asked for. @param {keyof RUNS} name */
export function fitted(name) {
  const [input, ...words] = RUNS[name];
  if (TABLES[input]) writeFileSync(join(folder, input), TABLES[input].join('\n'));
  if (!existsSync(join(folder, name))) diabolo('fit', input, ...words, '--out', name);
  return name;
}

/** Starts a server and gives its address. */
export function serve(...words) {
  const child = spawn(program, [...words, '--no-open'], { cwd: folder, env: { ...process.env, XDG_CACHE_HOME: home }, stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(child);
  return new Promise((done, failed) => {
    child.once('exit', (code) => failed(new Error(`the server ended with ${code}`)));
    child.stdout.once('data', (text) => done({ address: text.toString().trim(), child }));
  });
}

export const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });

/** A page of a browser of its own, which collects what must not happen. */
export async function open(address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, ...options });
  const page = await context.newPage();
  const host = new URL(address).host;
  const wrong = [];
  page.on('request', (request) => { const url = new URL(request.url()); if (!['data:', 'blob:'].includes(url.protocol) && url.host !== host) wrong.push(`asked ${request.url()}`); });
  page.on('pageerror', (error) => wrong.push(`error ${error.message}`));
  page.on('dialog', (dialog) => { wrong.push(`dialog ${dialog.message()}`); dialog.dismiss(); });
  page.on('console', (message) => { if (message.type() === 'error') wrong.push(`console ${message.text()}`); });
  await page.addInitScript(() => addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)));
  await page.goto(address);
  return { page, wrong, close: () => context.close() };
}

export const ready = (page) => page.waitForSelector('body[data-ready="true"]', { timeout: 60000 });
export const code = (page) => page.evaluate(() => document.querySelector('[data-code]')?.dataset.code ?? '');

/** Drags across the map and waits until the last code is decoded. */
export async function drag(page) {
  const box = await page.locator('.map svg').first().boundingBox();
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.45);
  await page.mouse.down();
  for (let k = 1; k <= 12; k++) await page.mouse.move(box.x + box.width * (0.4 + 0.02 * k), box.y + box.height * (0.45 + 0.01 * k));
  await page.mouse.up();
  await page.waitForFunction(() => { const c = document.querySelector('[data-code]')?.dataset.code; const h = new URLSearchParams(location.hash.slice(1)).get('code'); return c && h && h.split(',').every((v, k) => Math.abs(v - c.split(',')[k]) < 1e-5); });
  await page.waitForTimeout(150);
}

/** The code of the page as a file for `diabolo decode`. */
export async function codesFile(page) {
  const values = (await code(page)).split(',');
  writeFileSync(join(folder, 'codes.csv'), `${values.map((_, k) => `latent_${k + 1}`).join(',')}\n${values.join(',')}\n`);
}

/** Ends servers and browser, and removes the folder. */
export async function end() {
  await browser.close();
  servers.forEach((child) => { child.removeAllListeners('exit'); child.kill(); });
  rmSync(folder, { recursive: true, force: true });
}
