// Calls of an application of the matrix, each held against what has arrived.
import { valuesOf } from './trace.mjs';

const CALL_TIMEOUT_MS = 20_000;
const PATH = { plain: '/slow', redirect: '/redirect', retry: '/retry' };
const HOPS = { plain: 1, redirect: 2, retry: 2 };

/** Thrown where the application fails in the same way without the agent. */
export class NotPossible extends Error {}

/** Asks the application to make calls, and looks at what has arrived. */
export class Client {
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
    return `${failure} (one such call without the agent does not)`;
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
    : baggages[0] === `langsmith-trace=${expected},${run.headers.baggage}`;
  return isRight ? undefined : `the wrong baggage: ${baggages[0]}`;
}
