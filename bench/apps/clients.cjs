// One call to the upstream, by each client, as people write it. `headers` is what an application adds by hand.
const http = require('node:http');

// As many connections whatever is under way: beyond that requests wait, as in a service.
http.globalAgent.maxSockets = 64;

const axios = require('axios');
const undici = require('undici');
const got = import('got');

module.exports = {
  none: () => undefined,
  http: (url, headers) =>
    new Promise((resolve, reject) => {
      http
        .get(url, { headers: headers ?? {} }, (response) => {
          response.resume();
          response.on('end', resolve);
        })
        .on('error', reject);
    }),
  fetch: async (url, headers) => (await fetch(url, headers && { headers })).text(),
  undici: async (url, headers) => (await undici.request(url, headers && { headers })).body.text(),
  axios: (url, headers) => axios.get(url, headers && { headers }),
  got: async (url, headers) => (await got).default(url, headers && { headers }).text(),
};
