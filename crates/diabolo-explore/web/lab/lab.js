// Fills the figures of a page.

import { problem } from '../dom.js';
import { get } from '../server.js';
import { isStatic } from './data.js';
import * as bound from './bound.js';
import * as build from './build.js';
import * as contraction from './contraction.js';
import * as families from './families.js';
import * as grid from './grid.js';
import * as stability from './stability.js';
import * as tasks from './tasks.js';
import * as vae from './vae.js';

/** @type {Record<string, (box: HTMLElement) => Promise<void>>} */
const FIGURES = {
  ...vae.FIGURES, ...contraction.FIGURES, ...bound.FIGURES, ...families.FIGURES, ...grid.FIGURES, ...stability.FIGURES, ...build.FIGURES, ...tasks.FIGURES,
};

/** @param {HTMLElement} box */
async function fill(box) {
  box.classList.add('loading');
  try {
    await FIGURES[box.dataset.figure ?? ''](box);
  } catch (error) {
    box.replaceChildren(problem(error));
  }
  box.classList.remove('loading');
}

const boxes = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('.figure[data-figure]')]);

/** Says which model is being trained while figures wait for it. */
async function watch() {
  while (!isStatic && boxes.some((box) => box.classList.contains('loading'))) {
    const { ready, all, running } = await get('/api/lab/progress').catch(() => ({}));
    const words = running ? `training the lab's models, once; now “${running.command}”: ${Math.round(100 * running.share)} % (${ready} of ${all} are ready) …` : 'computing this figure …';
    boxes.forEach((box) => { box.dataset.training = words; });
    await new Promise((done) => setTimeout(done, 400));
  }
}

const filled = Promise.all(boxes.map(fill));
watch();
filled.then(() => { document.body.dataset.ready = 'true'; });
