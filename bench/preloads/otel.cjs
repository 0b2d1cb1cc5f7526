// OpenTelemetry with two instrumentations, as its guide has it, and no exporter.
const { createRequire } = require('node:module');
const load = createRequire(`${process.env.PEER}/`);
const { registerInstrumentations } = load('@opentelemetry/instrumentation');
const { HttpInstrumentation } = load('@opentelemetry/instrumentation-http');
const { UndiciInstrumentation } = load('@opentelemetry/instrumentation-undici');
const { NodeTracerProvider } = load('@opentelemetry/sdk-trace-node');

new NodeTracerProvider().register();
registerInstrumentations({ instrumentations: [new HttpInstrumentation(), new UndiciInstrumentation()] });
