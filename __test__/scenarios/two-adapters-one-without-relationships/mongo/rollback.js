// keystone-upgrade-relationships *: the relationships of Keystone 5 from the new schema to the old schema
// Adapter mongo, MongoDB. Order of left and right: locale *.
// Nothing to do: the relationships are stored the same in both schemas.
