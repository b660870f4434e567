'use strict';

// The real Keystones: NEW (since Arcade) and OLD (before it).

const { modules } = require('./installs');

/** @returns {string} NEW's node_modules; throws when `npm run keystones` has not been run */
const newKeystone = () => modules('keystones/new');

/** @returns {string} OLD's node_modules; throws when `npm run keystones` has not been run */
const oldKeystone = () => modules('keystones/old');

module.exports = { newKeystone, oldKeystone };
