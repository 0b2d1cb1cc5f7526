// OpenTelemetry's own preload. Its options are in the environment.
const load = require('node:module').createRequire(`${process.env.PEER}/`);
load('@opentelemetry/auto-instrumentations-node/register');
const { trace } = load('@opentelemetry/api');
globalThis.benchFlush = () => trace.getTracerProvider().getDelegate().forceFlush();
