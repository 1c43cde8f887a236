// Elements without HTML: names and cells of the data become text, never markup.

const SVG = 'http://www.w3.org/2000/svg';

/**
 * An element. Attributes that start with "on" are listeners; "text" is its text.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...any} children elements, texts, lists of both; null and false are left out
 * @returns {any}
 */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for drawings. @param {string} tag @param {Record<string, any>} [attributes] @param {...any} children @returns {any} */
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** @param {any} element @param {Record<string, any>} attributes @param {any[]} children */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'text') element.textContent = value;
    else if (name === 'style') Object.assign(element.style, value);
    else if (name in element && typeof value === 'boolean') element[name] = value;
    else element.setAttribute(name, String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** @param {Error} error */
export const problem = (error) => h('p', { class: 'error', role: 'alert', text: error.message });

/**
 * Fills `body` with what `make` gives for the latest value: an earlier answer that comes late is dropped.
 * @template T @param {HTMLElement} body @param {(value: T) => Promise<any[]>} make @returns {(value: T) => Promise<void>}
 */
export function filling(body, make) {
  let last = 0;
  return async (value) => {
    const own = ++last;
    const made = await make(value).catch((error) => [problem(error)]);
    if (own === last) body.replaceChildren(...made);
  };
}

/** A number for readers: three or four significant digits. @param {number | null | undefined} value @returns {string} */
export function number(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e7 || size < 1e-4)) return value.toExponential(2).replace('-', '−');
  const digits = size >= 1000 ? { maximumFractionDigits: 0 } : size >= 1 ? { maximumSignificantDigits: 4 } : { maximumSignificantDigits: 3 };
  return value.toLocaleString('en', digits).replace('-', '−');
}

/** A formula such as ‖J_f(x)‖_F: a letter after "_" is an index. @param {string} text @returns {any[]} */
export const formula = (text) => text.split(/_(\w)/).map((part, k) => (k % 2 ? h('sub', { text: part }) : part));

/** @param {number} count @param {string} one @param {string} [many] */
export function counted(count, one, many = `${one}s`) {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** The value of a colour variable, as [r, g, b]. @param {string} name @returns {number[]} */
export function rgb(name) {
  const hex = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

/** Round numbers between low and high. @param {number} low @param {number} high @param {number} about @returns {number[]} */
export function ticks(low, high, about) {
  const rough = (high - low) / Math.max(about, 1);
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((k) => k * power).find((candidate) => candidate >= rough) ?? rough;
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high; k++) found.push(Number((k * step).toPrecision(12)));
  return found;
}
