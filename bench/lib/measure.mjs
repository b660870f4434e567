// Measuring and telling.

/** @returns {number} the one in the middle */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/**
 * Runs the variants in turns, so that whatever else the machine does hits all of them.
 *
 * @template {number | Record<string, number>} Measured
 * @param {Record<string, () => Measured | Promise<Measured>>} variants
 * @param {{ runs: number, warmUps?: number }} options
 * @returns {Promise<Record<string, Measured>>} the median of each, of each property
 */
export async function inTurns(variants, { runs, warmUps = 0 }) {
  const names = Object.keys(variants);
  const results = Object.fromEntries(names.map((name) => [name, []]));
  for (let run = -warmUps; run < runs; run++) {
    for (const name of names) {
      const result = await variants[name]();
      if (run >= 0) results[name].push(result);
    }
  }
  return Object.fromEntries(names.map((name) => [name, medians(results[name])]));
}

function medians(results) {
  if (typeof results[0] === 'number') return median(results);
  const of = (key) => median(results.map((result) => result[key]));
  return Object.fromEntries(Object.keys(results[0]).map((key) => [key, of(key)]));
}

/** @returns {Promise<number>} the milliseconds that it takes */
export async function timed(action) {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

/** Whole numbers with spaces between the thousands, small ones with two digits that count; a dash for none. */
export function number(value) {
  if (!Number.isFinite(value ?? NaN)) return '–';
  if (value < 10) return String(Number(value.toPrecision(2)));
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ' ');
}

/** @returns {string} how many times `value` is of `base`, `1.03×` */
export function times(value, base) {
  const ratio = (value ?? NaN) / base;
  if (!Number.isFinite(ratio)) return '–';
  return `${ratio < 10 ? ratio.toFixed(2) : number(ratio)}×`;
}

/**
 * @param {string[]} head
 * @param {(string | number)[][]} rows numbers to the right
 * @returns {string} a table in Markdown
 */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, at) => (at ? '---:' : '---'));
  const text = (cell) => (typeof cell === 'string' ? cell : number(cell));
  return [line(head), line(rule), ...rows.map((row) => line(row.map(text)))].join('\n');
}
