// Requests to this page's own server.

/** @param {Response} response @returns {Promise<Response>} */
async function checked(response) {
  if (response.ok) return response;
  const text = await response.text();
  let message = text;
  try { message = JSON.parse(text).error ?? text; } catch { /* it was no JSON */ }
  throw new Error(message || `the server answered ${response.status}`);
}

/** @param {string} path @param {RequestInit} [options] */
async function asked(path, options) {
  let response;
  try { response = await fetch(path, options); } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new Error('the program that serves this page has ended; start it again and open the address it prints');
  }
  return checked(response);
}

/** @param {string} path @param {Record<string, any>} [query] @param {AbortSignal} [signal] @returns {Promise<any>} */
export async function get(path, query = {}, signal) {
  return (await asked(`${path}?${new URLSearchParams(query)}`, { signal })).json();
}

/** @param {string} path @param {any} body */
function sent(path, body) {
  const headers = { 'content-type': 'application/json', 'x-diabolo': '1' };
  return asked(path, { method: 'POST', headers, body: JSON.stringify(body) });
}

/** @param {string} path @param {any} body @returns {Promise<any>} */
export async function post(path, body) {
  return (await sent(path, body)).json();
}

/** A file. @param {string} path @param {any} body @param {string} name */
export async function download(path, body, name) {
  const url = URL.createObjectURL(await (await sent(path, body)).blob());
  const link = document.createElement('a');
  link.href = url; link.download = name; link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/**
 * Numbers behind a JSON header.
 * @param {string} path @param {Record<string, any>} query @param {AbortSignal} [signal]
 * @returns {Promise<{head: any, u32: (count: number) => Uint32Array, f32: (count: number) => Float32Array}>}
 */
export async function buffers(path, query, signal) {
  const bytes = await (await asked(`${path}?${new URLSearchParams(query)}`, { signal })).arrayBuffer();
  const length = new DataView(bytes).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  let at = 4 + length;
  const next = (count) => { const from = at; at += 4 * count; return from; };
  return { head, u32: (count) => new Uint32Array(bytes, next(count), count), f32: (count) => new Float32Array(bytes, next(count), count) };
}

/**
 * One request at a time; of those that wait, only the latest is sent. An error goes to `failed`.
 * @template T @param {(value: T) => Promise<void>} work @param {(error: Error) => void} failed @returns {(value: T) => void}
 */
export function latest(work, failed) {
  let running = false;
  /** @type {{value: T} | null} */
  let waiting = null;
  async function pump() {
    if (running || !waiting) return;
    running = true;
    const { value } = waiting;
    waiting = null;
    try { await work(value); } catch (error) { failed(error); }
    running = false;
    pump();
  }
  return (value) => { waiting = { value }; pump(); };
}
