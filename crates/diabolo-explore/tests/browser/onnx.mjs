// Exported models in a page: onnxruntime-web computes the codes, scores and flags that the program writes.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { diabolo, folder, open } from './harness.mjs';

const RUNTIME = fileURLToPath(new URL('node_modules/onnxruntime-web/dist', import.meta.url));
const PAGE = `<!doctype html><title>ONNX</title><link rel="icon" href="data:,"><script type="module">
  import * as ort from '/ort.wasm.bundle.min.mjs';
  Object.assign(ort.env.wasm, { wasmPaths: '/', numThreads: 1 });
  window.compute = async (file, columns) => {
    const session = await ort.InferenceSession.create(file);
    const cells = columns.map(({ name, type, values, width }) => [name, new ort.Tensor(type, values, [values.length / width, width])]);
    const outputs = await session.run(Object.fromEntries(cells));
    return Object.fromEntries(Object.entries(outputs).map(([name, { data, dims }]) => [name, { values: Array.from(data, Number), dims }]));
  };
</script>`;

/** The page, the runtime of node_modules and the files of the folder, by their names alone. */
async function host() {
  const types = { mjs: 'text/javascript', wasm: 'application/wasm' };
  const server = createServer((request, response) => {
    const name = basename(request.url);
    const file = [RUNTIME, folder].map((place) => join(place, name)).find((path) => name && existsSync(path));
    response.writeHead(name && !file ? 404 : 200, { 'content-type': name ? types[name.split('.').at(-1)] ?? 'application/octet-stream' : 'text/html' });
    response.end(name ? file && readFileSync(file) : PAGE);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { address: `http://127.0.0.1:${server.address().port}/`, server };
}

/** Cells of a file without quotes, by column. */
function read(name) {
  const [head, ...lines] = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n').map((line) => line.split(','));
  return Object.fromEntries(head.map((column, k) => [column, lines.map((cells) => cells[k])]));
}

/** Scores the columns in a page, and compares with the program's files for the same rows. */
async function compare(run, input, columns) {
  diabolo('export', run, '-o', `${run}.onnx`);
  diabolo('encode', run, input, '-o', 'codes.csv');
  diabolo('score', run, input, '-o', 'scores.csv', '--reasons', '0');
  const { address, server } = await host();
  const { page, wrong, close } = await open(address);
  const found = await page.evaluate(([file, given]) => window.compute(file, given), [`/${run}.onnx`, columns]);
  assert.deepEqual(wrong, []);
  await close();
  server.close();

  const codes = Object.entries(read('codes.csv')).filter(([name]) => name.startsWith('latent_')).map(([, cells]) => cells.map(Number));
  assert.deepEqual(found.code.dims, [codes[0].length, codes.length]);
  codes.forEach((expected, k) => {
    const size = Math.max(...expected.map(Math.abs));
    const differs = Math.max(...expected.map((z, row) => Math.abs(z - found.code.values[row * codes.length + k])));
    assert.ok(size > 0 && differs <= 1e-5 * size, `latent dimension ${k + 1}: ${differs} of ${size}`);
  });
  const { score, anomaly } = read('scores.csv');
  const differs = Math.max(...score.map((nats, row) => Math.abs(nats - found.score.values[row])));
  assert.ok(differs <= 1e-4, `scores differ by ${differs} nats`);
  assert.deepEqual(found.is_anomaly.values, anomaly.map((flag) => Number(flag === 'true')));
  assert.ok(new Set(anomaly).size === 2, 'one kind of rows alone');
}

/** An array of bytes as an NPY file. */
function writePictures(name, bytes, shape) {
  const head = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(', ')}), }`.padEnd(117);
  writeFileSync(join(folder, name), Buffer.concat([Buffer.from(`\x93NUMPY\x01\x00v\x00${head}\n`, 'latin1'), Buffer.from(bytes)]));
}

export const onnx = {
  async 'a page finds anomalies of a table as the program does'() {
    diabolo('fit', 'customers', '--preset', 'detect', '--key', 'customer_id', '--drop', 'since', '--epochs', '4', '--out', 'exported');
    diabolo('score', 'exported', 'customers:test', '-o', 'rows.csv', '--reasons', '0');
    const rows = read('rows.csv');
    // Levels and numbers that the fit has not seen, besides missing cells.
    rows.region = rows.region.map((cell, row) => (row % 17 ? cell : 'moon'));
    rows.data_gb = rows.data_gb.map((cell, row) => (row % 23 ? cell : '200'));
    assert.ok(rows.income.includes('') && rows.payment.includes(''));
    const names = ['customer_id', 'since', 'region', 'plan', 'age', 'income', 'monthly_fee', 'data_gb', 'support_calls', 'payment', 'churned'];
    writeFileSync(join(folder, 'new.csv'), [names, ...rows.age.map((_, row) => names.map((name) => rows[name][row]))].join('\n'));
    const texts = ['region', 'plan', 'payment', 'churned'];
    const number = (cell) => (cell === '' ? NaN : Number(cell));
    const columns = names.slice(2).map((name) => (texts.includes(name)
      ? { name, type: 'string', values: rows[name], width: 1 }
      : { name, type: 'float64', values: rows[name].map(number), width: 1 }));
    await compare('exported', 'new.csv', columns);
  },

  async 'a page finds anomalies of pictures as the program does'() {
    const [count, height, width] = [300, 8, 6];
    const bytes = Array.from({ length: count * height * width }, (_, k) => {
      const picture = Math.floor(k / (height * width));
      const wave = 128 + 100 * Math.sin(picture + (k % width)) * Math.cos(0.3 * picture * (Math.floor(k / width) % height));
      return Math.round(picture % 29 ? wave : 255 - wave / 2);
    });
    writePictures('pictures.npy', bytes, [count, height, width]);
    diabolo('fit', 'pictures.npy', '--model', 'contractive', '--network', 'convolution:4,6', '--epochs', '4', '--out', 'pictures');
    await compare('pictures', 'pictures.npy', [{ name: 'image', type: 'float64', values: bytes, width: height * width }]);
  },
};
