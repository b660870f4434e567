'use strict';

const { NO_ADDRESS, parseAddress, toolAddress, wrongScheme } = require('./address');
const { connectionFailed } = require('./failure');
const { allow } = require('../../entry/inert');
const { quietly } = require('./quietly');

const SOURCE =
  "the adapter's mongoUri, else from CONNECT_TO, DATABASE_URL, MONGO_URI or a similar variable";

const SCHEMES = ['mongodb://', 'mongodb+srv://'];

/**
 * Connects to MongoDB as the project does: by its own adapter, with its own mongoose and driver. The
 * caller has to close the connection.
 *
 * Only `_connect` of the adapter runs, on a mongoose without models: those of the project would make
 * collections and indexes.
 */
async function connectMongoose(keystone, { name, adapter }) {
  const own = allow(Object.create(adapter));
  own.mongoose = new adapter.mongoose.Mongoose();
  let address;
  let settings = {};
  let silence;
  own.mongoose.connect = function (uri, options = {}) {
    address = uri;
    const [, given] = /[?&]socketTimeoutMS=(\d+)/i.exec(uri) || [];
    silence = Number(options.socketTimeoutMS || given) || undefined;
    // A copy may take long, and some drivers take a socket that is silent for six minutes for dead.
    settings = { ...options, socketTimeoutMS: 0 };
    return Object.getPrototypeOf(this).connect.call(this, uri, settings);
  };
  try {
    await quietly(() => own._connect({ name: keystone.name, rels: [] }, own.config));
    const uri = typeof address === 'string' ? toolAddress(address, settings) : undefined;
    return new MongodbConnection(own.mongoose, { uri, silence });
  } catch (error) {
    await own.mongoose.disconnect().catch(() => {});
    throw connectionFailed(error, {
      name,
      address,
      target: address && targetOf(address, settings),
      mistake: address ? wrongScheme(address, 'MongoDB', SCHEMES) : NO_ADDRESS,
      source: SOURCE,
    });
  }
}

function targetOf(address, { dbName }) {
  const target = parseAddress(address, /^mongodb:/i.test(address) ? '27017' : undefined);
  return target && { ...target, ...(dbName && { database: dbName }) };
}

/** A secondary may answer with old data, so the project's own read preference does not count here. */
const PRIMARY = { readPreference: 'primary' };

/** A connection to a MongoDB deployment. */
class MongodbConnection {
  constructor(mongoose, { uri, silence }) {
    const { db, host, port, user } = mongoose.connection;
    this.mongoose = mongoose;
    /** The server that it is connected to, without secrets. */
    this.place = { host, port, user, name: db.databaseName, uri };
    /** For how long the project's own connections let a socket be silent, if not for ever. */
    this.silence = silence;
    /** How the runner sends commands. */
    this.shell = {
      database: db.databaseName,
      command: (command) => db.command(command, PRIMARY),
      adminCommand: (command) => db.admin().command(command, PRIMARY),
    };
  }

  async close() {
    await this.mongoose.disconnect().catch(() => {}); // It may be gone.
  }
}

module.exports = { connectMongoose };
