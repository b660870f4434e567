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
 * Which of them is made from an adapter of the project, until it connects. A class field in the place of
 * `_connect` is bound to the project's adapter: what it calls of its class has to connect ours.
 */
const standIns = new WeakMap();

/**
 * From now until the process ends, no Keystone and no adapter that is made connects, prepares a server,
 * or makes or drops tables. A call that would do so returns a promise that never settles, so that what
 * waits for it does not go on; `onHeld` gets the call, like `keystone.connect()`, and the Keystone or adapter
 * whose method it is. Returns the Keystones that have been made, an array that grows.
 */
function keepInert(onHeld) {
  const keystones = [];
  for (const [property, { mark, held }] of Object.entries(CLASSES)) {
    const isKeystone = property === 'listsArray';
    const name = isKeystone ? 'keystone' : 'adapter';
    Object.defineProperty(Object.prototype, property, {
      configurable: true,
      set(value) {
        const own = { value, configurable: true, enumerable: true, writable: true };
        Object.defineProperty(this, property, own);
        if (typeof this[mark] !== 'function') return;
        if (isKeystone) keystones.push(this);
        for (const method of held) {
          holdEverywhere(this, method, (object) => onHeld(`${name}.${method}()`, object));
        }
      },
    });
  }
  return keystones;
}

/**
 * Holds a method of an object, and of its classes: a class field takes the place of the first, and may
 * call the others by `super`.
 */
function holdEverywhere(object, method, onHeld) {
  if (typeof object[method] !== 'function') return;
  for (const prototype of prototypes(object)) {
    const { value, configurable } = Object.getOwnPropertyDescriptor(prototype, method) || {};
    // One that is held already has no value.
    if (typeof value === 'function' && configurable) hold(prototype, method, onHeld, value);
  }
  hold(object, method, onHeld);
}

function prototypes(object) {
  const prototype = Object.getPrototypeOf(object);
  return !prototype || prototype === Object.prototype ? [] : [prototype, ...prototypes(prototype)];
}

/** Holds a method where an object has it; without `original`, calls of ours go to that of its class. */
function hold(object, method, onHeld, original) {
  let assigned;
  const heldMethod = function (...args) {
    const own = takeOurs(this, method);
    if (own) {
      const allowed = original || Reflect.get(Object.getPrototypeOf(object), method, own);
      return allowed.apply(own, args);
    }
    onHeld(this);
    return new Promise(() => {});
  };
  Object.defineProperty(object, method, {
    configurable: true,
    get() {
      return assigned && ours.has(this) ? assigned : heldMethod;
    },
    // A project may replace a method: what it puts there is held as well.
    set(value) {
      if (this === object) assigned = value;
      else hold(this, method, onHeld, value); // It inherits from the object.
    },
  });
}

/** The adapter of ours that a call is for, if any. */
function takeOurs(object, method) {
  if (ours.has(object)) {
    standIns.delete(Object.getPrototypeOf(object));
    return object;
  }
  if (method !== '_connect') return undefined;
  const standIn = standIns.get(object);
  standIns.delete(object);
  return standIn;
}

/** Lets one adapter connect: an object made from the project's adapter, for our own connection. */
function allow(adapter) {
  ours.add(adapter);
  standIns.set(Object.getPrototypeOf(adapter), adapter);
  return adapter;
}

module.exports = { allow, keepInert };
