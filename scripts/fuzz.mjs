// Runs the property-based tests of header parsing and writing with a million inputs: `npm run fuzz`.
import { readArguments } from './arguments.mjs';
import { runVitest } from './nodes.mjs';

/** The number of inputs for each property. */
const RUNS = '170000';

readArguments('fuzz');
const args = ['test/headers/properties.test.ts', '--testTimeout=1800000'];
process.exitCode = runVitest(args, { TRACE_AGENT_FUZZ_RUNS: RUNS }) ? 0 : 1;
