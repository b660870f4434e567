'use strict';

/**
 * The collection names of a mongoose adapter, as mongoose itself forms them (`mongoose.model()` in
 * `mongoose/lib/index.js`): the schema's `collection` option, else the plural of the model's name.
 * `schemaOf` gives what `configuredSchema` gave of a list.
 *
 * Of a list it is the collection, or why that is not known; of a field the join collection that there
 * would be with it as the left side.
 */
function mongooseNames(adapter, schemaOf) {
  // The current function, which `mongoose.pluralize(fn)` sets; null keeps names as they are.
  const pluralize = adapter.mongoose.pluralize();
  const collectionOf = (name) => (typeof pluralize === 'function' ? pluralize(name) : name);
  return {
    collection: (list) => {
      const { schema, error } = schemaOf(list);
      return error
        ? { collectionError: error.message }
        : { collection: schema.get('collection') || collectionOf(list.key) };
    },
    joinCollection: (field) => {
      const { listKey, path, refListKey, refFieldPath } = field;
      const model = refFieldPath
        ? `${listKey}_${path}_${refListKey}_${refFieldPath}`
        : `${listKey}_${path}_many`;
      return { model, name: collectionOf(model) };
    },
  };
}

/**
 * A list's schema as it is once Keystone has connected: `configureMongooseSchema` may set the
 * collection. It runs on a clone, so that the project's own schema stays as it is. `rels` is
 * what `_consolidateRelationships()` returned, which new field adapters need to add themselves to it.
 */
function configuredSchema(listAdapter, rels) {
  if (!listAdapter.configureMongooseSchema) return { schema: listAdapter.schema };
  const schema = listAdapter.schema.clone();
  try {
    listAdapter.fieldAdapters.forEach((fieldAdapter) =>
      fieldAdapter.addToMongooseSchema(schema, listAdapter.mongoose, rels),
    );
    listAdapter.configureMongooseSchema(schema, { mongoose: listAdapter.mongoose });
    return { schema };
  } catch (error) {
    return { schema, error };
  }
}

module.exports = { configuredSchema, mongooseNames };
