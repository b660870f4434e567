#!/usr/bin/env node
'use strict';

require('../lib/dispatch').dispatch(process.argv.slice(2));
