// The explorer's screens: paths, choosers, families without a decoder, linked runs, what changes under an open page,
// and every screen in narrow and wide windows, light and dark.

import assert from 'node:assert/strict';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { code, drag, fitted, folder, open, ready, serve } from './harness.mjs';

const map = (page, k = 0) => page.locator('.map').nth(k);
const numbers = (text) => text.split(',').map(Number);

/** Draws around the places, given as shares of the first map. */
async function lasso(page, places = [[0.1, 0.1], [0.55, 0.1], [0.5, 0.9], [0.1, 0.8]]) {
  const box = await map(page).locator('svg').boundingBox();
  const at = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
  await page.keyboard.press('s');
  await page.mouse.move(...at(places[0]));
  await page.mouse.down();
  for (const place of places.slice(1)) await page.mouse.move(...at(place), { steps: 5 });
  await page.mouse.up();
}

export const screens = {
  async 'a family without a decoder for codes says so, and offers nothing that needs one'() {
    const { address } = await serve('explore', fitted('multiscale'));
    const { page, wrong, close } = await open(address);
    await ready(page);
    assert.match(await page.locator('#no-decoder').textContent(), /^A multiscale autoencoder has no decoder for codes: it needs the row itself/);
    for (const name of ['Mean', 'Draw', 'Mean code', 'Contraction', 'Pull']) assert.equal(await page.getByRole('button', { name, exact: true }).count(), 0, name);
    assert.equal(await page.locator('.sliders input, .map .here').count(), 0);
    assert.ok(!await page.locator('.command').isVisible(), 'a command that cannot work');
    // Its rows can be looked at, from here and from the map.
    await page.getByRole('button', { name: 'Show a row' }).click();
    await page.waitForSelector('.beside canvas');
    assert.equal(await page.locator('.beside canvas').count(), 2);
    assert.equal(await page.locator('.path-part').count() + await page.getByRole('button', { name: 'Decode its code' }).count(), 0);
    await page.keyboard.press('1');
    const pinned = await map(page).locator('.pinned').boundingBox();
    await page.mouse.click(pinned.x + pinned.width / 2, pinned.y + pinned.height / 2);
    await page.waitForSelector('.beside canvas');
    await map(page).locator('svg').press('ArrowRight');
    assert.equal(await page.locator('.error').count(), 0);
    assert.deepEqual(wrong, []);
    await close();
  },

  async 'choosers set the vectors of a quantized code, and a drag goes from vector to vector'() {
    const { address } = await serve('explore', fitted('quantized'));
    const { page, wrong, close } = await open(address);
    await ready(page);
    const { runs: [{ codebooks: { vectors } }] } = await page.evaluate(async () => (await fetch('/api/session')).json());
    const entries = (values) => vectors.map((group, g) => group.findIndex((vector) => vector.every((z, k) => z === values[2 * g + k])));
    await page.waitForFunction(() => document.querySelector('[data-code]'));
    const before = numbers(await code(page));
    assert.ok(entries(before).every((entry) => entry >= 0), 'the first code is made of vectors');
    assert.equal(await page.locator('.choosers select').count(), 4);
    assert.equal(await page.locator('#sheet input[type="range"]').count(), 0);
    const field = page.locator('#group-2');
    const other = (entries(before)[2] + 3) % 8;
    await field.selectOption(String(other));
    await page.waitForFunction((old) => document.querySelector('[data-code]').dataset.code !== old, before.join());
    assert.deepEqual(entries(numbers(await code(page))), entries(before).map((entry, g) => (g === 2 ? other : entry)));
    // From one end of the map to the other.
    const box = await map(page).locator('svg').boundingBox();
    await page.mouse.move(box.x + 0.5 * box.width, box.y + 0.5 * box.height);
    await page.mouse.down();
    const met = [];
    for (const share of [0.1, 0.9]) {
      await page.mouse.move(box.x + share * box.width, box.y + share * box.height, { steps: 10 });
      await page.waitForTimeout(400);
      met.push(entries(numbers(await code(page))));
    }
    await page.mouse.up();
    const [, after] = met;
    assert.ok(met.flat().every((entry) => entry >= 0) && met[0].join() !== met[1].join(), met.join(' '));
    assert.equal(await field.inputValue(), String(after[2]));
    // By the keyboard, too: one press goes to another vector.
    const here = await code(page);
    await map(page).locator('svg').press('ArrowLeft');
    await page.waitForFunction((old) => document.querySelector('[data-code]').dataset.code !== old, here);
    assert.ok(entries(numbers(await code(page))).every((entry) => entry >= 0));
    assert.deepEqual(wrong, []);
    await close();
  },

  async 'a path between two rows is nine decoded codes, by the keyboard and by the map'() {
    const { address } = await serve('explore', fitted('run'));
    const { page, wrong, close } = await open(address);
    await ready(page);
    await page.goto(`${new URL(address).origin}/#tab=row&row=4`);
    await page.getByLabel('path to row').focus();
    await page.keyboard.type('12');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#path .steps canvas');
    const codes = JSON.parse(await page.locator('#path').getAttribute('data-codes'));
    const row = (k) => page.evaluate(async (row) => (await (await fetch(`/api/row?run=0&row=${row}`)).json()).code, k);
    const [start, end] = [await row(3), await row(11)];
    assert.equal(codes.length, 9);
    codes.forEach((one, k) => one.forEach((z, unit) => assert.ok(Math.abs(z - (start[unit] + ((end[unit] - start[unit]) * k) / 8)) < 1e-5, `${k}`)));
    assert.equal(await map(page).locator('.step').count(), 9);
    // A step is a code as any other: what is decoded for it is the picture of the strip.
    await page.getByRole('button', { name: 'step 4 of 9' }).focus();
    await page.keyboard.press('Enter');
    const image = (canvas) => Array.from(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).join();
    const strip = await page.locator('#path .steps canvas').nth(3).evaluate(image);
    await page.keyboard.press('1');
    await page.waitForFunction((wanted) => document.querySelector('[data-code]')?.dataset.code === wanted, codes[3].join());
    assert.equal(await page.locator('#decoded').evaluate(image), strip);
    await page.waitForTimeout(400);
    const link = page.url();
    await page.keyboard.press('2');
    // Another row by a click on the map.
    await page.getByRole('button', { name: 'Choose on the map' }).click();
    const box = await map(page).locator('svg').boundingBox();
    for (const x of [0.5, 0.45, 0.55, 0.4, 0.6]) {
      if (await page.getByRole('button', { name: 'Click a point …' }).count()) await page.mouse.click(box.x + x * box.width, box.y + 0.5 * box.height);
    }
    await page.waitForFunction((old) => document.querySelector('#path').dataset.codes !== old && document.querySelector('#path .steps'), JSON.stringify(codes));
    assert.match(await page.locator('.row-actions h2').first().textContent(), /^Row 4$/);
    const second = await page.context().newPage();
    await second.goto(link.replace('#', '#tab=row&'));
    await second.waitForSelector('#path .steps canvas');
    assert.deepEqual(JSON.parse(await second.locator('#path').getAttribute('data-codes')), codes);
    await page.getByLabel('path to row').fill('5000');
    await page.getByLabel('path to row').press('Enter');
    await page.waitForSelector('#path .error:has-text("from 1 to 1,797")');
    assert.deepEqual(wrong, []);
    await close();
  },

  async 'the steps of a path are a table, or lines of a series'() {
    for (const [name, steps] of [['table', '#path .wide tbody tr'], ['series', '#path figure']]) {
      const { address } = await serve('explore', fitted(name));
      const { page, wrong, close } = await open(address);
      await ready(page);
      await page.goto(`${new URL(address).origin}/#tab=row&row=4&to=60`);
      await page.waitForSelector(steps);
      const found = await page.locator(steps).evaluateAll((all) => all.map((one) => one.querySelectorAll('td, path.line').length));
      assert.deepEqual(found, name === 'table' ? [9, 9, 9] : [9, 9]);
      const ends = await page.locator('#path .wide tbody tr').first().locator('td').allTextContents();
      if (name === 'table') assert.ok(ends[0] !== ends[8] && ends[0] !== '', ends.join());
      assert.deepEqual(wrong, []);
      await close();
    }
  },

  async 'a selection is counted at once, and a link to it keeps each corner'() {
    const { address } = await serve('explore', fitted('run'));
    const { page, wrong, close } = await open(address);
    await ready(page);
    const bodies = [];
    page.context().on('request', (request) => { if (request.url().endsWith('/api/selection')) bodies.push(request.postDataJSON()); });
    let answer = () => {};
    const held = new Promise((done) => { answer = done; });
    await page.route('**/api/selection', async (route) => { await held; await route.continue(); });
    await lasso(page);
    const count = await page.locator('#selected').textContent();
    assert.match(count, /^[\d,]+ rows of 1,797$/);
    assert.equal(await page.locator('.effect').count(), 0);
    answer();
    await page.waitForSelector('.beside canvas');
    assert.equal(await page.locator('#selected').textContent(), count, 'the server counts the same rows');
    await page.waitForTimeout(400);
    const second = await page.context().newPage();
    await second.goto(page.url());
    await second.waitForSelector('#selected');
    assert.equal(await second.locator('#selected').textContent(), count);
    await second.waitForSelector('.beside canvas');
    assert.deepEqual(bodies[1].polygon, bodies[0].polygon);
    // Another plane: the polygon means nothing there.
    await page.getByLabel('plane').selectOption({ index: 1 });
    await page.waitForSelector('#selected', { state: 'detached' });
    assert.deepEqual(wrong, []);
    await close();
  },

  async 'two runs are linked, and a server that ends says so'() {
    const { address, child } = await serve('explore', fitted('run'), fitted('second'));
    const { page, wrong, close } = await open(address);
    await ready(page);
    assert.equal(await page.locator('.map').count(), 2);
    await page.goto(`${new URL(address).origin}/#row=31`);
    await page.waitForSelector('.map:nth-child(2) .pinned');
    const center = async (k, name) => { const dot = map(page, k).locator(name); return [await dot.getAttribute('cx'), await dot.getAttribute('cy')]; };
    // The pointer at the row on the first map marks the same row on the second.
    assert.equal(await map(page, 1).locator('.hovered').count(), 0);
    const box = await map(page).locator('svg').boundingBox();
    const [x, y] = (await center(0, '.pinned')).map(Number);
    await page.mouse.move(box.x + x, box.y + y);
    await page.waitForSelector('.map:nth-child(2) circle.hovered');
    assert.match(await map(page, 1).locator('.tip').textContent(), /^row 31 ·/);
    assert.deepEqual(await center(1, '.hovered'), await center(1, '.pinned'));
    await lasso(page);
    await page.waitForSelector('#selected');
    const selected = await map(page).getAttribute('data-selected');
    assert.ok(Number(selected) > 0 && Number(selected) < 1797, selected);
    await page.waitForFunction((count) => document.querySelectorAll('.map')[1].dataset.selected === count, selected);
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.waitForFunction(() => document.querySelectorAll('.map')[1].dataset.selected === '');
    assert.deepEqual(wrong, []);
    child.removeAllListeners('exit');
    child.kill('SIGINT');
    await new Promise((done) => child.once('exit', done));
    // Without a request of the reader.
    await page.waitForSelector('.notes .error', { timeout: 15000 });
    assert.match(await page.locator('.error').first().textContent(), /has ended/);
    await close();
  },

  async 'a run that goes, and comes back, is noticed while the page is open'() {
    fitted('table');
    const { address } = await serve('explore', 'table');
    const { page, wrong, close } = await open(address);
    await ready(page);
    assert.equal(await page.locator('.warn').count(), 0);
    const [here, away] = [join(folder, 'table'), join(folder, 'moved')];
    renameSync(here, away);
    await page.waitForSelector('.notes .warn:has-text("cannot be read any more")', { timeout: 15000 });
    renameSync(away, here);
    await page.waitForFunction(() => !document.querySelector('.warn'), undefined, { timeout: 15000 });
    rmSync(join(folder, 'table.csv'));
    await page.waitForSelector('.notes .warn:has-text("table.csv cannot be read")', { timeout: 15000 });
    // What was read is still there.
    await page.getByRole('button', { name: 'Random row' }).click();
    await page.keyboard.press('2');
    await page.waitForSelector('.cells');
    assert.deepEqual(wrong, []);
    await close();
  },

  async 'a frame has as many points as there is time for, after a slow one too'() {
    const { address } = await serve('explore', fitted('run'));
    const { page, close } = await open(address);
    await ready(page);
    const counts = await page.evaluate(async () => {
      const { Pace } = await import('/map/pace.js');
      const pace = new Pace(24);
      // Ten milliseconds, and one for 20,000 points.
      const frame = (slow) => { const count = pace.count(1e6, 20000); pace.measure(10 + slow * (count / 20000), slow * (count / 20000), count); return count; };
      return [frame(1), frame(1), frame(20), frame(1), frame(1), ...[5, 5, 5, 5].map(frame), ...[1, 1, 1, 1].map(frame)];
    });
    assert.equal(counts[1], 280000);
    assert.equal(counts[3], 280000, 'one frame that was interrupted does not count');
    assert.equal(counts[8], 56000, 'a slower machine has fewer points');
    assert.equal(counts[12], 280000, 'a faster one has more again');
    await close();
  },

  async 'no screen is wider than its window, light and dark'() {
    const views = [
      [['run', 'second'], 'tab=decode&heat=1&arrows=1'], [['run', 'second'], 'tab=row&row=31&to=12'], [['run', 'second'], 'tab=selection&lasso=-4,-4;0,-4;0.1,4;-4,4'],
      [['quantized'], 'tab=decode'], [['series'], 'tab=decode'], [['series'], 'tab=row&row=4&to=80'], [['table'], 'tab=row&row=4&to=60'], [['multiscale'], 'tab=decode'],
    ];
    const pages = new Map();
    for (const [runs, hash] of views) {
      const name = runs.join();
      if (!pages.has(name)) pages.set(name, await open((await serve('explore', ...runs.map(fitted))).address));
      const { page } = pages.get(name);
      for (const [width, colorScheme] of [[1400, 'light'], [480, 'light'], [1400, 'dark'], [480, 'dark']]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: width < 900 ? 1900 : 900 });
        await page.goto(`${new URL(page.url()).origin}/#${hash}`);
        await page.reload();
        await ready(page);
        await page.waitForLoadState('networkidle');
        if (process.env.PICTURES) await page.screenshot({ path: join(process.env.PICTURES, `${name}-${hash.match(/tab=(\w+)/)[1]}-${width}-${colorScheme}.png`) });
        const over = await page.evaluate(() => [document.documentElement, document.querySelector('#sheet'), document.querySelector('.bar')].map((one) => one.scrollWidth - one.clientWidth));
        assert.ok(over.every((by) => by <= 0), `${name} ${hash} at ${width}, ${colorScheme}: ${over}`);
        const [paper, ink] = await page.evaluate(() => ['backgroundColor', 'color'].map((key) => Number(getComputedStyle(document.body)[key].match(/\d+/)[0])));
        assert.ok(colorScheme === 'dark' ? paper < 60 && ink > 190 : paper > 230 && ink < 60, `${colorScheme}: ${paper}, ${ink}`);
      }
    }
    for (const { wrong, close } of pages.values()) { assert.deepEqual(wrong, []); await close(); }
  },
};
