'use strict';

/**
 * The adapters that hold the lists of a project, in the order of the first list of each, by their names
 * in `keystone.adapters`; one adapter alone goes by its kind, because up to 18 Keystone would call it by
 * its class.
 *
 * Works through `list.adapter.parentAdapter`, which all of Keystone 5 has: `keystone.adapters` gave way
 * to `keystone.adapter` in 19.0.0.
 */
function projectAdapters(keystone) {
  const all = keystone.listsArray.map((list) => list.adapter.parentAdapter);
  const adapters = Array.from(new Set(all));
  const named = adapters.length > 1 ? keystone.adapters : {};
  return adapters.map((adapter) => {
    const key = Object.keys(named).find((name) => named[name] === adapter);
    return { name: key || String(adapter.name), adapter };
  });
}

module.exports = { projectAdapters };
