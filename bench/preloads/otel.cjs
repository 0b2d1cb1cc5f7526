// OpenTelemetry with two instrumentations, as in its guide, and without an exporter.
const { createRequire } = require('node:module');
const load = createRequire(`${process.env.PEER}/`);
const { registerInstrumentations } = load('@opentelemetry/instrumentation');
const { HttpInstrumentation } = load('@opentelemetry/instrumentation-http');
const { UndiciInstrumentation } = load('@opentelemetry/instrumentation-undici');
const { NodeTracerProvider } = load('@opentelemetry/sdk-trace-node');

new NodeTracerProvider().register();
registerInstrumentations({ instrumentations: [new HttpInstrumentation(), new UndiciInstrumentation()] });
