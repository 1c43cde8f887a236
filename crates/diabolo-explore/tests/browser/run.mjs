// The explorer and the lab in a real browser.
//
//   npm ci && DIABOLO=../../../../target/release/diabolo CHROMIUM=/usr/bin/chromium node run.mjs [WORDS OF A TEST]
//
// The program fits small models in a temporary folder and serves them; the browser drags, draws and follows links, and
// what it shows is compared with what the command line writes.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const program = process.env.DIABOLO ?? 'diabolo';
const folder = mkdtempSync(join(tmpdir(), 'diabolo-browser-'));
const home = process.env.LAB_CACHE ?? folder;
const servers = [];

/** Runs the command line in the folder. */
function diabolo(...words) {
  return execFileSync(program, words, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 }).toString();
}

/** Starts a server and gives its address. */
function serve(...words) {
  const child = spawn(program, [...words, '--no-open'], { cwd: folder, env: { ...process.env, XDG_CACHE_HOME: home }, stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(child);
  return new Promise((done, failed) => {
    child.once('exit', (code) => failed(new Error(`the server ended with ${code}`)));
    child.stdout.once('data', (text) => done({ address: text.toString().trim(), child }));
  });
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });

/** A page of a browser of its own, which collects what must not happen. */
async function open(address, options = {}) {
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

const ready = (page) => page.waitForSelector('body[data-ready="true"]', { timeout: 60000 });
const code = (page) => page.evaluate(() => document.querySelector('[data-code]')?.dataset.code ?? '');

/** Drags across the map and waits until the last code is decoded. */
async function drag(page) {
  const box = await page.locator('.map svg').first().boundingBox();
  await page.mouse.move(box.x + box.width * 0.4, box.y + box.height * 0.45);
  await page.mouse.down();
  for (let k = 1; k <= 12; k++) await page.mouse.move(box.x + box.width * (0.4 + 0.02 * k), box.y + box.height * (0.45 + 0.01 * k));
  await page.mouse.up();
  await page.waitForFunction(() => { const c = document.querySelector('[data-code]')?.dataset.code; const h = new URLSearchParams(location.hash.slice(1)).get('code'); return c && h && h.split(',').every((v, k) => Math.abs(v - c.split(',')[k]) < 1e-5); });
  await page.waitForTimeout(150);
}

/** The code of the page as a file for `diabolo decode`. */
async function codesFile(page) {
  const values = (await code(page)).split(',');
  writeFileSync(join(folder, 'codes.csv'), `${values.map((_, k) => `latent_${k + 1}`).join(',')}\n${values.join(',')}\n`);
}

const tests = {
  async 'a drag shows the pixels that decode writes, and a link the same view'() {
    diabolo('fit', 'digits', '--latent-dim', '3', '--epochs', '4', '--out', 'run');
    const { address } = await serve('explore', 'run');
    const { page, wrong, close } = await open(address);
    await ready(page);
    assert.ok(!page.url().includes('token'), 'the token stays in the address');
    const before = await page.locator('#decoded').getAttribute('data-pixels');
    await drag(page);
    const after = await page.locator('#decoded').getAttribute('data-pixels');
    assert.notEqual(before, after);
    await codesFile(page);
    diabolo('decode', 'run', 'codes.csv', '-o', 'out/');
    const [name] = readdirSync(join(folder, 'out'));
    const file = readFileSync(join(folder, 'out', name)).toString('base64');
    const same = await page.evaluate(async (text) => {
      const image = new Image();
      image.src = `data:image/png;base64,${text}`;
      await image.decode();
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [image.width, image.height];
      canvas.getContext('2d').drawImage(image, 0, 0);
      const read = (c) => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data);
      return [read(canvas), read(document.getElementById('decoded'))];
    }, file);
    assert.deepEqual(same[1], same[0]);
    await page.waitForTimeout(300);
    const link = page.url();
    const second = await page.context().newPage();
    await second.goto(link);
    await ready(second);
    await second.waitForSelector('#decoded');
    await second.waitForTimeout(300);
    assert.equal(await second.locator('#decoded').getAttribute('data-pixels'), after);
    const numbers = (text) => text.split(',').map((z) => Math.fround(Number(z)));
    assert.deepEqual(numbers(await code(second)), numbers(await code(page)));
    // A row, its neighbours, and a selection.
    const box = await page.locator('.map svg').first().boundingBox();
    await page.keyboard.press('s');
    await page.mouse.move(box.x + 60, box.y + 60);
    await page.mouse.down();
    for (const [x, y] of [[0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]) await page.mouse.move(box.x + box.width * x, box.y + box.height * y, { steps: 6 });
    await page.mouse.up();
    await page.waitForSelector('#selected');
    assert.match(await page.locator('#selected').textContent(), /rows of 1,797/);
    await page.locator('.map svg').first().press('Escape');
    assert.deepEqual(wrong, []);
    await close();
  },

  async 'cells of a mixed table with hostile names are text, and those of decode'() {
    const names = Array.from({ length: 1000 }, (_, k) => ['<script>window.hurt=1</script>', '"><img src=x onerror=window.hurt=1>', "';window.hurt=1;//", '{{window.hurt=1}}', 'javascript:window.hurt=1'][k % 5] + k);
    const quoted = (text) => `"${text.replaceAll('"', '""')}"`;
    const cell = (i, k) => (k % 50 === 1 ? quoted(['<svg onload=window.hurt=1>', '<b>x</b>', 'plain'][(i + k) % 3]) : String(((i * (k + 3)) % 17) + (k % 3) / 4));
    const rows = Array.from({ length: 150 }, (_, i) => names.map((_, k) => cell(i, k)).join(','));
    writeFileSync(join(folder, 'hostile.csv'), [names.map(quoted).join(','), ...rows].join('\n'));
    diabolo('fit', 'hostile.csv', '--latent-dim', '2', '--hidden', '16', '--epochs', '2', '--out', 'hostile');
    const { address } = await serve('explore', 'hostile');
    const { page, wrong, close } = await open(address);
    await ready(page);
    await drag(page);
    await codesFile(page);
    diabolo('decode', 'hostile', 'codes.csv', '-o', 'out.jsonl');
    const written = JSON.parse(readFileSync(join(folder, 'out.jsonl'), 'utf8').split('\n')[0]);
    const shown = JSON.parse(await page.locator('#decoded').getAttribute('data-cells'));
    assert.equal(shown.length, Object.keys(written).length);
    for (const [name, text] of shown) {
      const same = typeof written[name] === 'number' ? Number(text) === written[name] : text === written[name];
      assert.ok(same, `${name}: ${text}, written ${written[name]}`);
    }
    await page.keyboard.press('2');
    await page.locator('.map svg').first().click({ position: { x: 300, y: 300 } });
    assert.equal(await page.evaluate(() => /** @type {any} */ (window).hurt), undefined);
    assert.deepEqual(wrong, []);
    await close();
  },

  async 'a window of a series is that of decode'() {
    const rows = Array.from({ length: 300 }, (_, t) => `t${t},${(10 + 3 * Math.sin(t / 5)).toFixed(3)},${(Math.cos(t / 7) * 2).toFixed(3)}`);
    writeFileSync(join(folder, 'series.csv'), ['time,flow,level', ...rows].join('\n'));
    diabolo('fit', 'series.csv', '--key', 'time', '--window', '12', '--latent-dim', '2', '--epochs', '4', '--out', 'series');
    const { address } = await serve('explore', 'series');
    const { page, wrong, close } = await open(address);
    await ready(page);
    await drag(page);
    await codesFile(page);
    diabolo('decode', 'series', 'codes.csv', '-o', 'out.csv');
    const [head, line] = readFileSync(join(folder, 'out.csv'), 'utf8').split('\n');
    const shown = JSON.parse(await page.locator('#decoded').getAttribute('data-cells'));
    assert.deepEqual(shown.map(([name, text]) => [name, Number(text)]), head.split(',').map((name, k) => [name.replaceAll('"', ''), Number(line.split(',')[k])]));
    assert.equal(await page.locator('#decoded svg').count(), 2);
    // A draw is another line, and each press is another draw.
    const drawn = () => page.locator('#decoded path.line').first().getAttribute('d');
    const lines = [await drawn()];
    for (let k = 0; k < 2; k += 1) {
      await page.getByRole('button', { name: 'Draw', exact: true }).click();
      await page.waitForFunction((before) => document.querySelector('#decoded path.line')?.getAttribute('d') !== before, lines[k]);
      lines.push(await drawn());
    }
    assert.equal(new Set(lines).size, 3);
    assert.deepEqual(wrong, []);
    await close();
  },

  async 'strangers get nothing'() {
    const { address } = await serve('explore', 'run');
    const { port } = new URL(address);
    const status = (host, path) => new Promise((done) => http.get({ host: '127.0.0.1', port, path, headers: { host } }, (answer) => { answer.resume(); done(answer.statusCode); }));
    assert.equal(await status('evil.example', '/'), 403);
    assert.equal(await status(`127.0.0.1:${port}`, '/'), 403);
    assert.equal(await status(`127.0.0.1:${port}`, '/api/session'), 403);
  },

  async 'the address opens one browser, and names no other host'() {
    const { address } = await serve('explore', 'run');
    const { page, close } = await open(address);
    await ready(page);
    const [cookie] = await page.context().cookies();
    assert.ok(!address.includes(cookie.value), 'the token is the secret of the cookie');
    await page.goto(address);
    await ready(page);
    const stranger = await (await browser.newContext()).newPage();
    assert.equal((await stranger.goto(address)).status(), 403);
    assert.match(await stranger.textContent('body'), /opened before/);
    const { origin } = new URL(address);
    const answer = await page.request.get(`${origin}//evil.example/?token=x`, { maxRedirects: 0 });
    assert.equal(answer.headers().location, '/');
    await close();
  },

  async 'the map of a conditional model is that of the chosen condition'() {
    diabolo('fit', 'digits', '--condition', 'label', '--latent-dim', '2', '--epochs', '2', '--out', 'conditional');
    const { address } = await serve('explore', 'conditional');
    const { page, wrong, close } = await open(address);
    await ready(page);
    const heat = (given) => page.waitForResponse((answer) => answer.url().includes('/api/heat') && new URL(answer.url()).searchParams.get('given') === given);
    const [first] = await Promise.all([heat('{}'), page.getByRole('button', { name: 'Contraction' }).click()]);
    const [second] = await Promise.all([heat('{"label":"7"}'), page.locator('label', { hasText: /^label/ }).locator('select').selectOption('7')]);
    assert.notDeepEqual(await second.body(), await first.body());
    assert.deepEqual(wrong, []);
    await close();
  },

  async 'an answer that comes late changes nothing, and an error is shown'() {
    const { address } = await serve('explore', 'run');
    const { page, close } = await open(address);
    await ready(page);
    const plane = page.getByLabel('plane');
    const [, slow, last] = await plane.locator('option').evaluateAll((all) => all.map((one) => one.value));
    await page.route((url) => url.pathname === '/api/points' && url.searchParams.get('axes') === slow, async (route) => { await new Promise((done) => setTimeout(done, 1200)); await route.continue(); });
    await plane.selectOption(slow);
    await plane.selectOption(last);
    await page.waitForTimeout(2000);
    const label = `latent ${Number(last.split(',')[0]) + 1} →`;
    assert.ok((await page.locator('.map svg text.axis').allTextContents()).includes(label), label);
    await page.route('**/api/points*', (route) => route.fulfill({ status: 422, contentType: 'application/json', body: '{"error":"no points today"}' }));
    await plane.selectOption('principal');
    await page.waitForSelector('.map .error');
    assert.match(await page.locator('.map .error').textContent(), /no points today/);
    await close();
  },

  async 'two runs are linked, and a server that ends says so'() {
    diabolo('fit', 'digits', '--model', 'contractive', '--epochs', '2', '--out', 'second');
    const { address, child } = await serve('explore', 'run', 'second');
    const { page, wrong, close } = await open(address);
    await ready(page);
    assert.equal(await page.locator('.map').count(), 2);
    assert.deepEqual(wrong, []);
    child.removeAllListeners('exit');
    child.kill('SIGINT');
    await new Promise((done) => child.once('exit', done));
    await page.locator('.sliders input').first().fill('0.5').catch(() => page.locator('.sliders input').first().press('ArrowRight'));
    await page.waitForSelector('.error');
    assert.match(await page.locator('.error').first().textContent(), /has ended/);
    await close();
  },

  async 'the lab computes its figures, answers a drawing, and trains live'() {
    const { address } = await serve('lab');
    const { page, wrong, close } = await open(address);
    const base = page.url();
    const names = await page.locator('.contents li a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    assert.equal(names.length, 14);
    for (const width of [1400, 480]) {
      await page.setViewportSize({ width, height: 900 });
      for (const name of names) {
        await page.goto(new URL(name, base).href);
        await page.waitForSelector('body[data-ready="true"]', { timeout: 300000 });
        assert.equal(await page.locator('.error').count(), 0, name);
        // Nothing is cut: no equation is wider than its place, nor the page than the window.
        const over = await page.evaluate(() => [document.documentElement, ...document.querySelectorAll('math[display="block"]')].map((one) => one.scrollWidth - one.clientWidth));
        assert.ok(over.every((by) => by <= 1), `${name} at ${width}: ${over}`);
      }
    }
    await page.setViewportSize({ width: 1400, height: 900 });
    await page.goto(new URL('/vae', base).href);
    await page.waitForSelector('body[data-ready="true"]', { timeout: 120000 });
    const words = () => page.locator('.figure[data-figure="work"] .num').first().textContent();
    const before = await words();
    const pad = await page.locator('#pad').boundingBox();
    await page.mouse.move(pad.x + 20, pad.y + 20);
    await page.mouse.down();
    await page.mouse.move(pad.x + pad.width - 20, pad.y + pad.height - 20, { steps: 8 });
    await page.mouse.up();
    await page.waitForFunction((old) => document.querySelector('.figure[data-figure="work"] .num')?.textContent !== old, before);
    await page.goto(new URL('/build', base).href);
    await page.locator('#train').click();
    await page.waitForSelector('.chart');
    await page.waitForSelector('.strip', { timeout: 120000 });
    // What is saved is what was trained, whatever the knobs say since.
    const trained = page.waitForRequest('**/api/lab/train');
    await page.getByLabel('epochs').fill('3');
    await page.locator('#train').click();
    const { settings } = (await trained).postDataJSON();
    await page.waitForSelector('#train:has-text("Train")', { timeout: 120000 });
    await page.getByLabel('epochs').fill('4');
    await page.getByLabel('contraction weight').fill('7');
    const [saved] = await Promise.all([page.waitForRequest('**/api/lab/save'), page.getByRole('button', { name: 'Save' }).click()]);
    assert.deepEqual(saved.postDataJSON().settings, settings);
    assert.ok(settings.includes('training.epochs=3'), settings.join());
    await page.waitForSelector('text=Saved:', { timeout: 120000 });
    assert.deepEqual(wrong, []);
    await close();
  },

  async 'figures of the lab share a scale, and show the newest setting or an error'() {
    const { address } = await serve('lab');
    const { page, close } = await open(address);
    const base = page.url();
    const set = (slider, value) => slider.evaluate((input, v) => { input.value = v; input.dispatchEvent(new Event('input')); }, value);
    await page.goto(new URL('/similar', base).href);
    await page.waitForSelector('body[data-ready="true"]', { timeout: 120000 });
    const highest = () => page.locator('#pairs circle').evaluateAll((all) => Math.min(...all.map((one) => Number(one.getAttribute('cy')))));
    const weak = await highest();
    await set(page.locator('.figure input[type="range"]'), 4);
    // At λ = 10 codes hardly differ: on the scale of all λ, the points lie at the bottom.
    assert.ok(weak < 80 && await highest() > 250, `${weak}, ${await highest()}`);
    await page.goto(new URL('/contraction', base).href);
    await page.waitForSelector('body[data-ready="true"]', { timeout: 120000 });
    const unit = page.locator('.figure[data-figure="unit"]');
    const slow = (weight, delay, answer) => page.route(`**/api/lab/figure?name=unit&weight=${weight}&*`, async (route) => { await new Promise((done) => setTimeout(done, delay)); await answer(route); });
    await slow('0', 1500, (route) => route.continue());
    await set(unit.locator('input'), 0);
    await set(unit.locator('input'), 4);
    await page.waitForTimeout(2500);
    const sums = await unit.locator('.sum b.big:not(.soft)').allTextContents();
    assert.ok(Number(sums[0]) < 1, `λ = 10 is chosen, and shown is ${sums}`);
    await slow('1', 0, (route) => route.fulfill({ status: 422, contentType: 'application/json', body: '{"error":"no figure today"}' }));
    await set(unit.locator('input'), 3);
    await unit.locator('.error', { hasText: 'no figure today' }).waitFor();
    await close();
  },
};

const chosen = Object.entries(tests).filter(([name]) => name.includes(process.argv[2] ?? ''));
let failed = chosen.length ? 0 : 1;
if (failed) console.log(`no test has '${process.argv[2]}' in its name`);
try {
  for (const [name, test] of chosen) {
    const start = performance.now();
    try {
      await test();
      console.log(`ok      ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed++;
      console.log(`FAILED  ${name}\n${error.stack}`);
    }
  }
} finally {
  await browser.close();
  servers.forEach((child) => { child.removeAllListeners('exit'); child.kill(); });
  rmSync(folder, { recursive: true, force: true });
}
console.log(failed ? `${failed} failed` : 'all passed');
process.exit(failed ? 1 : 0);
