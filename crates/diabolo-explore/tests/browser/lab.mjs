// The lab: its figures, its drawings and its training.

import assert from 'node:assert/strict';
import { diabolo, open, serve } from './harness.mjs';

export const lab = {
  async 'the lab computes its figures, answers a drawing, and trains live'() {
    const { address } = await serve('lab');
    const { page, wrong, close } = await open(address);
    const base = page.url();
    const names = await page.locator('.contents li a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    assert.equal(names.length, 14);
    for (const [width, colorScheme] of [[1400, 'dark'], [480, 'light']]) {
      await page.emulateMedia({ colorScheme });
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
    // One row for each training, the latest first.
    const rows = await page.locator('.figure tbody tr').allTextContents();
    assert.ok(rows.length === 2 && rows[0].includes('3 epochs') && rows[1].includes('40 epochs'), rows.join());
    await page.getByLabel('epochs').fill('4');
    await page.getByLabel('contraction weight').fill('7');
    const [saved] = await Promise.all([page.waitForRequest('**/api/lab/save'), page.getByRole('button', { name: 'Save' }).click()]);
    assert.deepEqual(saved.postDataJSON().settings, settings);
    assert.ok(settings.includes('training.epochs=3'), settings.join());
    await page.waitForSelector('text=Saved:', { timeout: 120000 });
    // A penalty that is too large is named when training ends.
    await page.goto(new URL('/build#family=contractive&latent=16&lambda=10&epochs=60', base).href);
    await page.reload();
    await page.locator('#train').click();
    await page.waitForSelector('.warn:has-text("--contraction-weight")', { timeout: 120000 });
    assert.deepEqual(wrong, []);
    await close();
  },

  async 'a grid of the lab crosses two settings, and shows what the command line computes'() {
    const { address } = await serve('lab');
    const { page, wrong, close } = await open(address);
    const base = page.url();
    const shown = (text) => Number(text.replace('−', '-'));
    for (const [name, cell, second, knob] of [['collapse', 'width 32, β = 4', 'kl_divergence', 'KL weight β'], ['contraction', 'width 8, λ = 1', 'contraction', 'contraction weight λ']]) {
      await page.goto(new URL(`/${name}`, base).href);
      await page.waitForSelector('body[data-ready="true"]', { timeout: 300000 });
      const grid = page.locator('.figure[data-figure="grid"]');
      const numbers = await grid.locator('td button').allTextContents();
      assert.ok(numbers.length === 36 && numbers.every((text) => Number.isFinite(shown(text))), numbers.join());
      await grid.getByRole('button', { name: `${cell}:` }).nth(1).click();
      await grid.getByRole('heading', { name: cell, exact: false }).waitFor();
      assert.equal(await grid.locator('[aria-pressed="true"]').count(), 3, 'the model in each of the three tables');
      // The command beside the pictures fits the same model.
      const command = await grid.locator('pre.command').textContent();
      diabolo(...command.replace('$ diabolo ', '').split(' '), '--out', name);
      const found = JSON.parse(diabolo('evaluate', name, '--json'));
      const values = [found.reconstruction, found[second]];
      const sums = await grid.locator('.sum b.big:not(.soft)').allTextContents();
      assert.deepEqual(sums.slice(0, 2).map(shown), values.map((v) => Number(v.toPrecision(Math.abs(v) < 1 ? 3 : 4))), command);
      await grid.getByRole('link', { name: 'Train this model live' }).click();
      await page.waitForSelector('#train');
      const weight = cell.split('= ')[1], width = cell.match(/\d+/)[0];
      assert.deepEqual(await Promise.all([knob, 'latent dimensions', 'epochs'].map((label) => page.getByLabel(label).inputValue())), [weight, width, '200']);
    }
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
