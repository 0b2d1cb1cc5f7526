require('express')().get('/', (_request, response) => response.end());
require('axios').create();
require('./started.cjs');
