'use strict';

// For `node --require`.

require('./code-cache').hook();
