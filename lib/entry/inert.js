'use strict';

/**
 * Keeps the project's Keystones and adapters inert: an entry file may start its server, and with it
 * connect to the database, when it is loaded.
 *
 * This has to hold for every copy of Keystone, however it is loaded: by `require`, by `import`, through
 * a hook, from a bundle. What all copies have in common is what their constructors assign. So setters on
 * `Object.prototype` see each Keystone and each adapter before anyone else has it.
 */

/** By the property that a constructor assigns: a method that its class has, and the methods to hold. */
const CLASSES = {
  listsArray: { mark: 'createList', held: ['connect', 'prepare'] },
  listAdapters: {
    mark: 'newListAdapter',
    held: ['connect', '_connect', 'postConnect', 'dropDatabase', '_createTables'],
  },
};

/** The adapters that `lib/database/connect/` has made for itself. */
const ours = new WeakSet();

/**
 * From now until the process ends, no Keystone and no adapter that is made connects, prepares a server,
 * or makes or drops tables. A call that would do so returns a promise that never settles, so that what
 * waits for it does not go on.
 *
 * @param {(call: string) => void} onHeld - gets each such call, like `keystone.connect()`
 * @returns {object[]} the Keystones that have been made; it grows
 */
function keepInert(onHeld) {
  const keystones = [];
  for (const [property, { mark, held }] of Object.entries(CLASSES)) {
    const isKeystone = property === 'listsArray';
    Object.defineProperty(Object.prototype, property, {
      configurable: true,
      set(value) {
        const own = { value, configurable: true, enumerable: true, writable: true };
        Object.defineProperty(this, property, own);
        if (typeof this[mark] !== 'function') return;
        if (isKeystone) keystones.push(this);
        const name = isKeystone ? 'keystone' : 'adapter';
        for (const method of held) hold(this, method, () => onHeld(`${name}.${method}()`));
      },
    });
  }
  return keystones;
}

function hold(object, method, onHeld) {
  if (typeof object[method] !== 'function') return;
  let assigned;
  const heldMethod = function (...args) {
    if (ours.has(this)) return Object.getPrototypeOf(object)[method].apply(this, args);
    onHeld();
    return new Promise(() => {});
  };
  Object.defineProperty(object, method, {
    configurable: true,
    get() {
      return assigned && ours.has(this) ? assigned : heldMethod;
    },
    // A project may replace a method: what it puts there is held as well.
    set(value) {
      assigned = value;
    },
  });
}

/** Lets one adapter connect: an object made from the project's adapter, for our own connection. */
function allow(adapter) {
  ours.add(adapter);
  return adapter;
}

module.exports = { allow, keepInert };
