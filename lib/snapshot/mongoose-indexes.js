'use strict';

/**
 * Whether the new Keystone indexes a relationship to one item, and the old one does not. `own` are the
 * fields of its list that the project indexes itself, which both do; `isNew` says which of them is loaded.
 *
 * The field adapter of the loaded generation says so itself, and mongoose what index it makes of that.
 * From `@keystonejs/adapter-mongoose` 11.0.1 on it is each relationship, before that those with
 * `isIndexed`. Where the old Keystone is loaded, the rule is that of the last version.
 */
function isIndexedByNew({ adapter, config, path }, own, isNew) {
  const { Schema } = adapter.listAdapter.parentAdapter.mongoose;
  const isIndexed = (changes) => {
    const as = Object.create(adapter, changes);
    const options = as.mergeSchemaOptions({ type: Schema.Types.ObjectId }, config);
    return new Schema({ field: options }).indexes().length > 0;
  };
  try {
    if (isIndexed({ isRelationship: { value: false } })) return false;
    return isIndexed(isNew ? {} : { isIndexed: { value: true } }) && !own.has(path);
  } catch {
    // Options that mongoose refuses stop either Keystone.
    return false;
  }
}

/** The fields of a list that the project indexes itself, by a schema that is configured. */
function ownIndexes(schema, fields) {
  const rest = schema.clone();
  rest.remove(fields.filter((field) => field.isRelationship).map(({ path }) => path));
  return new Set(rest.indexes().map(([key]) => Object.keys(key).join()));
}

module.exports = { isIndexedByNew, ownIndexes };
