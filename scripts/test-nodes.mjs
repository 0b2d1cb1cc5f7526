// Runs the tests that start the agent in a child process with other Node.js versions, whose binaries come from npm:
// `npm run test:nodes` for all, `npm run test:nodes -- 18 24` for some.
import { readArguments } from './arguments.mjs';
import { BROKEN_HOOKS, binary, installNodes, runVitest, SUPPORTED, UNSUPPORTED } from './nodes.mjs';
import { endWith } from './tools.mjs';

/** The fixtures of other tests use got 14, fastify 5 and undici 7, which need Node 20. */
const EVERYWHERE = [
  'test/agent.test.ts',
  'test/index.test.ts',
  'test/instrumentation/requests-in.test.ts',
  'test/instrumentation/first-use.test.ts',
  'test/instrumentation/http2-',
  'test/instrumentation/grpc.test.ts',
  'test/instrumentation/libraries.test.ts',
  'test/context',
  'test/injection/newer-copy.test.ts',
  'test/injection/workers.test.ts',
];
const FROM_20 = ['test/instrumentation', 'test/policy/destinations.e2e.test.ts'];

const { positionals: wanted } = readArguments('test:nodes', {}, { positionals: Object.keys(SUPPORTED) });
const majors = wanted.length > 0 ? wanted : Object.keys(SUPPORTED);
const whyNot = installNodes(Object.keys({ ...SUPPORTED, ...UNSUPPORTED, ...BROKEN_HOOKS }));
if (whyNot !== undefined) endWith('test:nodes', whyNot);

const failed = [];
for (const major of majors) {
  const paths = Number(major) >= 20 ? [...EVERYWHERE, ...FROM_20] : EVERYWHERE;
  const env = {
    TRACE_AGENT_TEST_NODE: binary(major),
    TRACE_AGENT_TEST_NODE_MAJOR: major,
    TRACE_AGENT_CAMPAIGN: 'true',
  };
  if (!runTests(paths, env)) failed.push(major);
}

for (const name of Object.keys(BROKEN_HOOKS)) {
  const [major] = name.split('-');
  if (!majors.includes(major)) continue;
  const env = { TRACE_AGENT_TEST_NODE: binary(name), TRACE_AGENT_TEST_NODE_MAJOR: major };
  if (!runTests(['test/instrumentation/libraries.test.ts'], env)) failed.push(BROKEN_HOOKS[name]);
}

console.log(
  failed.length === 0 ? `\nall passed: Node ${majors.join(', ')}` : `\nFAILED: ${failed.join(', ')}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;

function runTests(paths, env) {
  console.log(`\n# ${env.TRACE_AGENT_TEST_NODE}`);
  return runVitest(paths, env);
}
