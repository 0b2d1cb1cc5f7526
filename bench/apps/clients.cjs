// Makes one call to the upstream with each client, in the usual way. `headers` are headers that an application adds
// by hand.
const http = require('node:http');
const https = require('node:https');

// The number of connections is limited whatever the load. Further requests wait, as in a real service.
http.globalAgent.maxSockets = 64;
const secureAgent = new https.Agent({ keepAlive: true, maxSockets: 64, rejectUnauthorized: false });

const axios = require('axios');
const undici = require('undici');
const got = import('got');

const get = (module, url, options) =>
  new Promise((resolve, reject) => {
    module
      .get(url, options, (response) => {
        response.resume();
        response.on('end', resolve);
      })
      .on('error', reject);
  });

module.exports = {
  none: () => undefined,
  http: (url, headers) => get(http, url, { headers: headers ?? {} }),
  https: (_url, headers) =>
    get(https, process.env.UPSTREAM_TLS, { headers: headers ?? {}, agent: secureAgent }),
  fetch: async (url, headers) => (await fetch(url, headers && { headers })).text(),
  undici: async (url, headers) => (await undici.request(url, headers && { headers })).body.text(),
  axios: (url, headers) => axios.get(url, headers && { headers }),
  got: async (url, headers) => (await got).default(url, headers && { headers }).text(),
};
