// The parts in which the tests are run: `npm test`, the campaigns, and the conformance list.

/**
 * Campaigns: tests that take long, or that install what they test with. `npm run test:campaigns` runs them; `npm test` does
 * not. Files of which only a part is a campaign read `isCampaign` of test/support/campaign.ts.
 */
export const CAMPAIGNS = [
  'test/admission/containers.test.ts',
  'test/bench/bench.e2e.test.ts',
  'test/compatibility/read-back.test.ts',
  'test/injection/compose.test.ts',
  'test/injection/confined.test.ts',
  'test/injection/image.test.ts',
  'test/injection/newer-copy.test.ts',
  'test/injection/package-managers.test.ts',
  'test/injection/runtimes.test.ts',
  'test/soak/soak.test.ts',
];

/** Files of which a part is a campaign. */
export const PARTLY_CAMPAIGNS = [
  'test/compatibility/vulnerable-sdk.test.ts',
  'test/context/caller-run.test.ts',
  'test/context/langsmith.test.ts',
  'test/context/sampling.test.ts',
  'test/faults.test.ts',
  'test/instrumentation/grpc.test.ts',
  'test/instrumentation/http2-queue.test.ts',
  'test/instrumentation/interleaved.test.ts',
];

/** Files that have a command of their own. */
export const OTHER_COMMANDS = ['test/conformance/**', 'test/compatibility/python.test.ts', 'test/page/**'];

/** What vitest is to leave out for `npm test`. */
export const NOT_IN_TEST = [...CAMPAIGNS, ...OTHER_COMMANDS];
