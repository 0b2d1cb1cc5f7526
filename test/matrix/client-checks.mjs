/**
 * What must be true of a client library: each request carries the run in which the application made it, once, on
 * every hop; and nothing where there was none.
 */
import { startApplication } from './application.mjs';
import { Findings } from './findings.mjs';
import { callersRun, valuesOf } from './trace.mjs';
import { startUpstream } from './upstream.mjs';

const CALL_TIMEOUT_MS = 20_000;
const PATH = { plain: '/slow', redirect: '/redirect', retry: '/retry' };
const HOPS = { plain: 1, redirect: 2, retry: 2 };

/** Thrown where the application fails in the same way without the agent. */
class NotPossible extends Error {}

/**
 * @param environment `{langsmith}`: the variables with which the application sends its runs to the collector
 * @param interleaved how many calls at once; `isStress`: nothing but these, in all ways at once
 */
export async function checkClient({ row, file, start, environment, interleaved, isStress }) {
  const upstream = await startUpstream(row.server);
  const options = { ...start, env: { ...environment, ...row.env } };
  const app = await startApplication(file, options).catch((error) => {
    upstream.close();
    throw error;
  });
  const client = new Client(app, upstream, () => startApplication(file, { ...options, preload: 'none' }));
  const findings = new Findings();
  try {
    if (isStress) await stress(client, app.forms, interleaved, findings);
    else await allChecks(client, app.forms, interleaved, findings);
    findings.check('requests are accepted', upstream.refused[0]);
    const said = app
      .stderr()
      .split('\n')
      .filter((line) => line.includes('[trace-agent]'));
    findings.check('the agent has nothing to say', said[0]);
    return findings;
  } finally {
    app.stop();
    client.stop();
    upstream.close();
  }
}

async function allChecks(client, forms, interleaved, findings) {
  const isNotPossible = ({ name }) => findings.notPossible.some(({ check }) => check.startsWith(`${name}: `));
  for (const isTraced of [false, true]) {
    for (const form of forms) {
      if (isNotPossible(form)) continue;
      const where = isTraced ? 'in a run' : 'in a caller’s context';
      const checks = {
        [`${where}: its headers, once`]: () => client.expect(form, { isTraced, run: callersRun() }),
        [isTraced ? 'in a run without a caller' : 'no context: nothing is added']: () =>
          client.expect(form, { isTraced }),
        ...(form.redirects && {
          [`${where}, redirect`]: () =>
            client.expect(form, { isTraced, run: callersRun(), kind: 'redirect' }),
        }),
        ...(form.retries && {
          [`${where}, retry`]: () => client.expect(form, { isTraced, run: callersRun(), kind: 'retry' }),
        }),
        [`${interleaved} at once${isTraced ? ', in runs' : ''}`]: () =>
          client.expectAll(Array.from({ length: interleaved }, (_, i) => [form, mixed(i, isTraced)])),
      };
      for (const [name, check] of Object.entries(checks)) {
        await findings.run(`${form.name}: ${name}`, check, NotPossible);
        if (isNotPossible(form)) break;
      }
    }
  }
}

/** A caller's context, a run in a caller's context, a run of its own, none; two and two. */
function mixed(i, withRuns) {
  const run = i % 4 === 3 ? undefined : callersRun();
  return { run, isTraced: withRuns && i % 3 === 0 };
}

async function stress(client, forms, count, findings) {
  const possible = [];
  for (const form of forms) {
    for (const kind of [
      'plain',
      ...(form.redirects ? ['redirect'] : []),
      ...(form.retries ? ['retry'] : []),
    ]) {
      const name = `${form.name}, ${kind}`;
      await findings.run(
        name,
        async () => {
          const problem = await client.expect(form, { kind, run: callersRun() });
          possible.push([form, kind]);
          return problem;
        },
        NotPossible,
      );
    }
  }
  await findings.run(`${count} contexts at once`, () =>
    client.expectAll(
      Array.from({ length: count }, (_, i) => {
        const [form, kind] = possible[i % possible.length];
        return [form, { ...mixed(i, true), kind }];
      }),
    ),
  );
}

/** Asks the application to make calls, and looks at what has arrived. */
class Client {
  #app;
  #upstream;
  #startWithoutAgent;
  #withoutAgent;
  #calls = 0;

  constructor(app, upstream, startWithoutAgent) {
    this.#app = app;
    this.#upstream = upstream;
    this.#startWithoutAgent = startWithoutAgent;
  }

  /** @returns what is wrong with a call's requests; `undefined` where nothing is */
  async expect(form, { isTraced = false, run, kind = 'plain' }) {
    const id = `c${this.#calls++}`;
    const query = new URLSearchParams({ form: form.name, to: `${this.#upstream.url}${PATH[kind]}?id=${id}` });
    if (isTraced) query.set('traced', '1');
    const answer = await this.#ask(this.#app, query, run?.headers);
    if (!answer.ok) return this.#whyFailed(query, answer.text);
    const { order } = JSON.parse(answer.text);
    const arrived = this.#upstream.arrived(id);
    if (arrived.length !== HOPS[kind]) return `${arrived.length} requests instead of ${HOPS[kind]}`;
    for (const [hop, { rawHeaders }] of arrived.entries()) {
      const problem = difference(rawHeaders, { order, run, isTraced });
      if (problem !== undefined) return arrived.length === 1 ? problem : `${problem} (request ${hop + 1})`;
    }
    return undefined;
  }

  async expectAll(calls) {
    const problems = await Promise.all(calls.map(([form, options]) => this.expect(form, options)));
    const found = problems.filter((problem) => problem !== undefined);
    if (found.length === 0) return undefined;
    const count = (text) => found.filter((problem) => problem === text).length;
    const kinds = [...new Set(found)].map((text) => `${count(text)} of ${calls.length}: ${text}`);
    return kinds.sort((a, b) => b.includes('WRONG') - a.includes('WRONG')).join('; ');
  }

  stop() {
    this.#withoutAgent?.then(
      (app) => app.stop(),
      () => {},
    );
  }

  async #ask({ url }, query, headers = {}) {
    const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
    try {
      const answer = await fetch(`${url}/?${query}`, { headers, signal });
      return { ok: answer.ok, text: await answer.text() };
    } catch (error) {
      return { ok: false, text: `${error.message}: ${error.cause?.message ?? ''}` };
    }
  }

  /** @throws {NotPossible} */
  async #whyFailed(query, text) {
    const failure = `the call fails: ${text.split('\n')[0]}`;
    this.#withoutAgent ??= this.#startWithoutAgent();
    query.set('to', query.get('to').replace('id=', 'id=alone-'));
    const alone = await this.#ask(await this.#withoutAgent, query);
    if (!alone.ok) throw new NotPossible(`fails without the agent too: ${alone.text.split('\n')[0]}`);
    return `${failure} (and not without the agent)`;
  }
}

function difference(rawHeaders, { order, run, isTraced }) {
  const traces = valuesOf(rawHeaders, 'langsmith-trace');
  const baggages = valuesOf(rawHeaders, 'baggage');
  const expected = isTraced ? order : run?.trace;
  if (isTraced && run !== undefined && !order.startsWith(`${run.trace}.`))
    return 'the run is not the caller’s child';
  if (expected === undefined) {
    if (traces.length > 0) return 'a WRONG trace where there was no run';
    return baggages.length > 0 ? 'baggage where there was no run' : undefined;
  }
  if (traces.length === 0) return 'no trace';
  if (traces.length > 1) return `${traces.length} traces`;
  if (traces[0] !== expected) return 'a WRONG trace';
  if (baggages.length !== 1) return `${baggages.length} baggage headers`;
  const isRight = isTraced
    ? baggages[0].endsWith(`langsmith-project=${run === undefined ? 'matrix' : 'callers'}`)
    : baggages[0] === run.headers.baggage;
  return isRight ? undefined : `the wrong baggage: ${baggages[0]}`;
}
