// The explorer: what it shows is what the command line writes, and strangers get nothing.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { browser, code, codesFile, diabolo, drag, fitted, folder, open, ready, serve } from './harness.mjs';

export const explorer = {
  async 'a drag shows the pixels that decode writes, and a link the same view'() {
    const { address } = await serve('explore', fitted('run'));
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
    const { address } = await serve('explore', fitted('series'));
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
    const { address } = await serve('explore', fitted('run'));
    const { port } = new URL(address);
    const status = (host, path) => new Promise((done) => http.get({ host: '127.0.0.1', port, path, headers: { host } }, (answer) => { answer.resume(); done(answer.statusCode); }));
    assert.equal(await status('evil.example', '/'), 403);
    assert.equal(await status(`127.0.0.1:${port}`, '/'), 403);
    assert.equal(await status(`127.0.0.1:${port}`, '/api/session'), 403);
  },

  async 'the address opens one browser, and names no other host'() {
    const { address } = await serve('explore', fitted('run'));
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
    const { address } = await serve('explore', fitted('run'));
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
};
