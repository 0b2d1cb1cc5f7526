// Sentry as in its guide, without a sample rate: it passes traces on and records none.
const sentry = require('node:module').createRequire(`${process.env.PEER}/`)('@sentry/node');
sentry.init({ dsn: process.env.SENTRY_TO });
