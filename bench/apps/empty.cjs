require('./started.cjs');
