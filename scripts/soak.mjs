/**
 * Runs three services in a chain under load, with aborts and errors. It checks every parent, and compares the resources
 * that remain with those of the same services without the agent.
 *
 *   npm run soak                           200,000 requests
 *   npm run soak -- --requests 3000        the short form
 *   npm run soak -- --break heap,listener,timer,parent       with deliberate faults: must fail
 */
import { startChain } from '../fixtures/soak/chain.mjs';
import { createLoad } from '../fixtures/soak/load.mjs';
import { refusedURL, startSink } from '../fixtures/soak/sink.mjs';
import * as verdict from '../fixtures/soak/verdict.mjs';
import { readArguments, readCount, readList } from './arguments.mjs';

/** The number of requests without the agent, for comparison. It suffices for every kind of request. */
const COMPARED = 1000;
const SAMPLES = 32;
/** From this number of requests on, the script prints its progress. */
const LONG = 20_000;
/** The number of requests right before the end, so that connections are open. */
const LAST = 50;

const FAULTS = ['heap', 'listener', 'timer', 'parent'];

const { values } = readArguments('soak', {
  requests: { type: 'string', default: '200000' },
  break: { type: 'string' },
});
const requests = readCount('soak', 'requests', values.requests);
if (values.break !== undefined) readList('soak', values.break, FAULTS);

const started = performance.now();
const without = await soak({ agent: false, requests: Math.min(requests, COMPARED) });
const result = await soak({ agent: true, requests, broken: values.break });
const problems = [...without.problems, ...result.problems];
result.services.forEach((service, i) => {
  const then = without.services[i];
  problems.push(
    ...verdict.checkParents(service.role, service.state.seen),
    ...verdict.checkHeap(service.role, service.samples),
    ...verdict.checkLeft(service.role, service.state, then.state),
    ...verdict.checkEnd(service.role, service.end, then.end),
    ...verdict.checkQuiet(service.role, service.stderr),
  );
});
report();
process.exitCode = problems.length === 0 ? 0 : 1;

async function soak({ agent, requests, broken }) {
  const sink = await startSink();
  const chain = await startChain({ agent, broken, sink: sink.url, refused: await refusedURL() });
  const load = createLoad(chain[0].url, agent);
  const samples = chain.map(() => []);
  const begun = performance.now();
  for (let done = 0; done < requests; ) {
    const end = Math.min(requests, done + Math.ceil(requests / SAMPLES));
    await load.send(done, end);
    done = end;
    if (!agent) continue;
    const heaps = await Promise.all(chain.map((one) => one.ask('heap')));
    for (const [i, { heap }] of heaps.entries()) samples[i].push({ requests: done, heap });
    if (requests >= LONG)
      console.log(`${done} sent; heaps in MB: ${heaps.map(({ heap }) => inMB(heap)).join(' ')}`);
  }
  const seconds = (performance.now() - begun) / 1000;
  const states = await Promise.all(chain.map((one) => one.ask('state')));
  await load.send(requests, requests + LAST);
  const services = [];
  for (const [i, one] of chain.entries()) {
    const end = await one.end();
    services.push({ role: one.role, stderr: one.stderr, samples: samples[i], state: states[i], end });
  }
  load.close();
  const { count, examples } = load.problems;
  const problems = count === 0 ? [] : [`${count} answers were not what they must be: ${examples.join('; ')}`];
  if (sink.traced > 0) problems.push(`${sink.traced} requests to LangSmith carried a trace`);
  return { services, fates: load.fates, seconds, problems, published: sink.requests };
}

function report() {
  const rate = Math.round(requests / result.seconds);
  console.log(
    `${requests} requests through three services, ${Math.round(result.seconds)} s, ${rate} a second`,
  );
  for (const [fate, count] of Object.entries(result.fates))
    console.log(`  ${String(count).padStart(7)} ${fate}`);
  console.log(`  ${String(result.published).padStart(7)} requests of the SDK's own`);
  for (const { role, state, samples, end } of result.services) {
    const { seen, handles } = state;
    const { bytes, requests: over, bound } = verdict.growthOf(samples);
    console.log(`${role}
  arrived: ${seen.requests}, with a trace: ${seen.withTrace}, looked at later: ${seen.inHandler}, wrong: ${seen.wrong}
  heap: ${inMB(samples.at(-1).heap)} MB; ${inMB(bytes)} MB more over ${over} requests (at most ${inMB(bound)})
  left: ${JSON.stringify(handles)}
  ended ${end.how} with ${end.with} in ${end.ms} ms`);
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  for (const problem of problems) console.error(`NOT AS IT MUST BE: ${problem}`);
  console.log(
    problems.length === 0 ? `all as it must be; ${seconds} s` : `${problems.length} problems; ${seconds} s`,
  );
}

function inMB(bytes) {
  return (bytes / 1e6).toFixed(2);
}
