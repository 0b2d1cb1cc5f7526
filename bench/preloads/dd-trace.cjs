// dd-trace's own preload. Its options are in the environment.
const load = require('node:module').createRequire(`${process.env.PEER}/`);
load('dd-trace/init');
const { _tracer: tracer } = load('dd-trace');
globalThis.benchFlush = () => new Promise((resolve) => tracer._exporter.flush(resolve));
