#!/usr/bin/env node
'use strict';

require('../lib/cli/dispatch').dispatch(process.argv.slice(2));
