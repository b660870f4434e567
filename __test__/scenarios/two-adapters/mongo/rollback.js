// keystone-upgrade-relationships *: the relationships of Keystone 5 from the new schema to the old schema
// Adapter mongo, MongoDB. Order of left and right: locale *.
//
// Take a backup first (mongodump) and stop the application until the end. Then:
//   mongosh <connection string> <this file>
// It needs MongoDB 4.2 or later, a standalone server, a replica set or a sharded cluster, and
// a user who may read and write this database (the role readWrite). Lists in sharded collections
// need 5.1 for the checks. Join collections that are sharded already are filled where they are.
//
// All checks come first, then all copies, all counts, and the removals at last. It stops at the first
// error. Stopped at any point, by whatever, it can be run again: before the removals it starts over,
// from then on it goes on. The collection keystone_upgrade_relationships tells how far it has come,
// and keeps a second run out. In the end it is gone.
//
const migration = {
  direction: 'down',
  server: [4, 2],
  plan: '9beeaab03d0f3aba',
  relationships: [
    // Event.visitors -> Visitor (one-sided: many to many)
    {
      name: 'Event.visitors -> Visitor',
      // finds something as long as there is anything to do
      pending: [
        { listCollections: 1, filter: { name: 'event_visitors_manies' }, nameOnly: true },
      ],
      // before anything changes
      checks: [
        {
          says: 'Event.visitors -> Visitor: events.visitors holds links that event_visitors_manies does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'events',
            pipeline: [
              { $match: { visitors: { $exists: true } } },
              {
                $project: {
                  ids: {
                    $filter: { input: { $cond: [{ $isArray: ['$visitors'] }, '$visitors', ['$visitors']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $lookup: { from: 'event_visitors_manies', localField: '_id', foreignField: 'Event_left_id', as: 'rows' } },
              { $project: { id: { $setDifference: ['$ids', { $map: { input: '$rows', in: '$$this.Visitor_right_id' } }] } } },
              { $unwind: '$id' },
              { $project: { _id: 0, left: '$_id', right: '$id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'events', updates: [{ q: { visitors: { $exists: false } }, u: { $set: { visitors: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'event_visitors_manies',
            pipeline: [
              { $match: { Event_left_id: { $type: 'objectId' }, Visitor_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Event_left_id', id: '$Visitor_right_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', visitors: { $push: '$id' } } },
              { $merge: { into: 'events', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Event.visitors -> Visitor: events.visitors does not hold all links of event_visitors_manies. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'event_visitors_manies',
            pipeline: [
              { $match: { Event_left_id: { $type: 'objectId' }, Visitor_right_id: { $type: 'objectId' } } },
              { $project: { own: '$Event_left_id', id: '$Visitor_right_id' } },
              { $lookup: { from: 'events', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'events',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$visitors'] }, '$visitors', ['$visitors']] }, []] } } } },
                    },
                  ],
                  as: 'filled',
                },
              },
              { $project: { _id: 0, kept: 1, filled: { $let: { vars: { first: { $arrayElemAt: ['$filled', 0] } }, in: '$$first.n' } } } },
              { $match: { $expr: { $ne: ['$kept', '$filled'] } } },
            ],
          },
        },
      ],
      repairs: [],
      leftovers: [],
      guards: [],
      ensures: [],
      removals: [
        { drop: 'event_visitors_manies' },
      ],
    },
    // Event.place -> Place.events (two-sided: one to many)
    {
      name: 'Event.place -> Place.events',
      // finds something as long as there is anything to do
      pending: [
        { find: 'places', filter: { events: { $exists: false } }, projection: { _id: 1 }, limit: 1 },
      ],
      // before anything changes
      checks: [
        {
          says: 'Event.place -> Place.events: places.events holds links that events.place does not have. They would be overwritten: is the database in the old schema already?',
          stops: true,
          run: {
            aggregate: 'places',
            pipeline: [
              { $match: { events: { $exists: true } } },
              {
                $project: {
                  id: {
                    $filter: { input: { $cond: [{ $isArray: ['$events'] }, '$events', ['$events']] }, cond: { $eq: [{ $type: '$$this' }, 'objectId'] } },
                  },
                },
              },
              { $unwind: '$id' },
              { $lookup: { from: 'events', localField: 'id', foreignField: '_id', as: 'other' } },
              { $match: { other: { $ne: [] } } },
              {
                $project: {
                  id: 1,
                  back: {
                    $let: {
                      vars: { other: { $arrayElemAt: ['$other', 0] } },
                      in: {
                        $filter: {
                          input: { $cond: [{ $isArray: ['$$other.place'] }, '$$other.place', ['$$other.place']] },
                          cond: { $eq: [{ $type: '$$this' }, 'objectId'] },
                        },
                      },
                    },
                  },
                },
              },
              { $match: { $expr: { $not: [{ $in: ['$_id', '$back'] }] } } },
              { $project: { _id: 0, left: '$id', right: '$_id' } },
            ],
          },
        },
      ],
      copies: [
        { run: { update: 'places', updates: [{ q: { events: { $exists: false } }, u: { $set: { events: [] } }, multi: true }] } },
        {
          run: {
            aggregate: 'events',
            pipeline: [
              { $match: { place: { $type: 'objectId' } } },
              { $project: { own: '$place', id: '$_id' } },
              { $sort: { _id: 1 } },
              { $group: { _id: '$own', events: { $push: '$id' } } },
              { $merge: { into: 'places', on: '_id', whenMatched: 'merge', whenNotMatched: 'discard' } },
            ],
          },
        },
      ],
      // of the copies
      counts: [
        {
          says: 'Event.place -> Place.events: places.events does not hold all links of events. Nothing has been removed. Is the application running? Run it again',
          stops: true,
          run: {
            aggregate: 'events',
            pipeline: [
              { $match: { place: { $type: 'objectId' } } },
              { $project: { own: '$place', id: '$_id' } },
              { $lookup: { from: 'places', localField: 'own', foreignField: '_id', as: 'document' } },
              { $match: { document: { $ne: [] } } },
              { $group: { _id: null, kept: { $sum: 1 } } },
              {
                $lookup: {
                  from: 'places',
                  let: {},
                  pipeline: [
                    {
                      $group: { _id: null, n: { $sum: { $size: { $ifNull: [{ $cond: [{ $isArray: ['$events'] }, '$events', ['$events']] }, []] } } } },
                    },
                  ],
                  as: 'filled',
                },
              },
              { $project: { _id: 0, kept: 1, filled: { $let: { vars: { first: { $arrayElemAt: ['$filled', 0] } }, in: '$$first.n' } } } },
              { $match: { $expr: { $ne: ['$kept', '$filled'] } } },
            ],
          },
        },
      ],
      repairs: [],
      leftovers: [],
      guards: [],
      ensures: [],
      removals: [],
    },
  ],
};

migrate(migration, {
  database: db.getName(),
  command: async (document) => db.runCommand(document),
  adminCommand: async (document) => db.adminCommand(document),
  process: { host: require('os').hostname(), pid: process.pid },
  isAlive(pid) {
    try {
      return process.kill(pid, 0);
    } catch (error) {
      return error.code === 'EPERM';
    }
  },
  report({ text, isWarning, done, rate }) {
    const count = done === undefined ? '' : ': ' + done + (rate ? ' (' + rate + '/s)' : '');
    print((isWarning ? 'Warning: ' : '') + text + count);
  },
});
