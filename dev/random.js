'use strict';

/** Numbers that look random and are the same for the same seed (mulberry32). */
class Random {
  #state;

  /** @param {number} seed any integer */
  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** @returns {number} from 0 up to but not including 1 */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer, both ends included. */
  integer(from, to) {
    return from + Math.floor(this.next() * (to - from + 1));
  }

  /** True that often, 0 to 1. */
  chance(probability) {
    return this.next() < probability;
  }

  /** One of the values. */
  pick(values) {
    return values[this.integer(0, values.length - 1)];
  }

  /** The values in another order. */
  shuffle(values) {
    const shuffled = [...values];
    for (let at = shuffled.length - 1; at > 0; at--) {
      const other = this.integer(0, at);
      [shuffled[at], shuffled[other]] = [shuffled[other], shuffled[at]];
    }
    return shuffled;
  }

  /** A version 4 UUID. */
  uuid() {
    const digits = (count) => Array.from({ length: count }, () => this.hexDigit()).join('');
    return `${digits(8)}-${digits(4)}-4${digits(3)}-a${digits(3)}-${digits(12)}`;
  }

  hexDigit() {
    return this.integer(0, 15).toString(16);
  }
}

module.exports = { Random };
