// The explorer, the lab and exported models in a real browser.
//
//   npm ci && DIABOLO=../../../../target/release/diabolo CHROMIUM=/usr/bin/chromium node run.mjs [WORDS OF A TEST]
//
// The program fits small models in a temporary folder and serves them; the browser drags, draws and follows links, and
// what it shows is compared with what the command line writes. PICTURES=FOLDER keeps a picture of each screen of the explorer.

import { explorer } from './explorer.mjs';
import { end } from './harness.mjs';
import { lab } from './lab.mjs';
import { onnx } from './onnx.mjs';
import { screens } from './screens.mjs';

const chosen = Object.entries({ ...explorer, ...screens, ...lab, ...onnx }).filter(([name]) => name.includes(process.argv[2] ?? ''));
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
  await end();
}
console.log(failed ? `${failed} failed` : 'all passed');
process.exit(failed ? 1 : 0);
