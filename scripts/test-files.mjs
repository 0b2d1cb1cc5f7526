// Divides the test files into `npm test`, the campaigns, and the conformance list.

/**
 * Campaigns are tests that take long, or that install the libraries they test with. `npm run test:campaigns` runs
 * them, and `npm test` does not. Files that are only partly a campaign read `isCampaign` of test/support/campaign.ts.
 */
export const CAMPAIGNS = [
  'test/admission/containers.test.ts',
  'test/bench/bench.e2e.test.ts',
  'test/compatibility/read-back.test.ts',
  'test/context/background.test.ts',
  'test/context/otel-mode.test.ts',
  'test/doctor/trials.e2e.test.ts',
  'test/injection/compose.test.ts',
  'test/injection/confined.test.ts',
  'test/injection/image.test.ts',
  'test/injection/newer-copy.test.ts',
  'test/injection/package-managers.test.ts',
  'test/injection/runtimes.test.ts',
  'test/instrumentation/amqplib.test.ts',
  'test/instrumentation/bullmq.test.ts',
  'test/instrumentation/langgraph-api.test.ts',
  'test/instrumentation/mcp.test.ts',
  'test/recipes.test.ts',
  'test/soak/soak.test.ts',
];

/** Files that are partly a campaign. */
export const PARTLY_CAMPAIGNS = [
  'test/compatibility/vulnerable-sdk.test.ts',
  'test/context/caller-run.test.ts',
  'test/context/langsmith.test.ts',
  'test/context/sampling.test.ts',
  'test/core.test.ts',
  'test/faults.test.ts',
  'test/instrumentation/grpc.test.ts',
  'test/instrumentation/http2-queue.test.ts',
  'test/instrumentation/interleaved.test.ts',
  'test/policy/trace-in-baggage.e2e.test.ts',
];

/** Files that have their own command. */
export const OTHER_COMMANDS = [
  'test/conformance/**',
  'test/compatibility/languages.test.ts',
  'test/compatibility/python.test.ts',
  'test/page/**',
];

/** The files that vitest excludes for `npm test`. */
export const NOT_IN_TEST = [...CAMPAIGNS, ...OTHER_COMMANDS];
