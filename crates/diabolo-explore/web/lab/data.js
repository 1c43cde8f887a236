// Figures from the program, or from the files of an export.

import { get, post } from '../server.js';

export const isStatic = document.querySelector('meta[name="lab"]')?.getAttribute('content') === 'static';

/** The file of a figure in an export. @param {Record<string, any>} query */
function file(query) {
  const words = Object.entries(query).map(([name, value]) => [name, String(value)]).sort((a, b) => (a[0] < b[0] ? -1 : 1)).map((pair) => pair.join('-'));
  return `data/${words.join('_').replace(/[^A-Za-z0-9.-]/g, '_')}.json`;
}

/** @type {Map<string, Promise<any>>} */
const known = new Map();

/** A figure whose settings have a finite number of values. @param {string} name @param {Record<string, any>} [settings] @returns {Promise<any>} */
export function figure(name, settings = {}) {
  const query = { name, ...settings };
  const key = JSON.stringify(query);
  if (!known.has(key)) {
    const asked = isStatic ? fetch(file(query)).then((response) => { if (!response.ok) throw new Error('this setting is not in the exported pages; start `diabolo lab` to compute it'); return response.json(); }) : get('/api/lab/figure', query);
    asked.catch(() => known.delete(key));
    known.set(key, asked);
  }
  return /** @type {Promise<any>} */ (known.get(key));
}

/** A figure of a drawn digit or of a code. @param {string} name @param {Record<string, any>} body @returns {Promise<any>} */
export function live(name, body) {
  if (isStatic) return Promise.reject(new Error('this needs the program: start `diabolo lab` on your own computer'));
  return post('/api/lab/live', { name, ...body });
}
