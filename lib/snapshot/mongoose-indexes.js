'use strict';

const { configuredSchema } = require('./mongoose-names');

/**
 * Whether the new Keystone indexes a relationship to one item, and the old one does not.
 *
 * The field adapter of the loaded generation says so itself, and mongoose what index it makes of that.
 * From `@keystonejs/adapter-mongoose` 11.0.1 on it is each relationship, before that those with
 * `isIndexed`. Where the old Keystone is loaded, the rule is that of the last version.
 *
 * @param {object} field
 * @param {object[]} rels - what `_consolidateRelationships()` returned
 * @param {boolean} isNew - whether the new Keystone is loaded
 * @returns {boolean}
 */
function isIndexedByNew({ adapter, config, path }, rels, isNew) {
  const { listAdapter } = adapter;
  const { Schema } = listAdapter.parentAdapter.mongoose;
  const isIndexed = (own) => {
    const as = Object.create(adapter, own);
    const options = as.mergeSchemaOptions({ type: Schema.Types.ObjectId }, config);
    return new Schema({ field: options }).indexes().length > 0;
  };
  const yes = { value: true };
  try {
    if (isIndexed({ isRelationship: { value: false } })) return false;
    if (!isIndexed(isNew ? {} : { isIndexed: yes })) return false;
    // The project may have made one itself, and then both have it.
    const schema = configuredSchema(listAdapter, rels).schema.clone();
    schema.remove(path);
    const isOfField = ([key]) => Object.keys(key).join() === path;
    return !schema.indexes().some(isOfField);
  } catch {
    // Options that mongoose refuses stop either Keystone.
    return false;
  }
}

module.exports = { isIndexedByNew };
