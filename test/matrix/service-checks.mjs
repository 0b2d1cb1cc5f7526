/**
 * What must be true of a service: the run that handles a request is a child of the caller's run, the request that it
 * makes carries that run, requests at once do not mix, and one without a trace begins its own.
 */
import { startApplication } from './application.mjs';
import { checkAftermath, Findings } from './findings.mjs';
import { post } from './post.mjs';
import { callersRun, valuesOf } from './trace.mjs';
import { startUpstream } from './upstream.mjs';

const CALL_TIMEOUT_MS = 30_000;
const AT_ONCE = 12;

export async function checkService({ row, file, companionFile, start, environment, collector }) {
  const upstream = await startUpstream();
  const findings = new Findings();
  const apps = [];
  try {
    const env = { ...environment, UPSTREAM: upstream.url };
    if (companionFile !== undefined) {
      apps.push(await startApplication(companionFile, { ...start, env }));
      env.COMPANION = apps[0].url;
    }
    apps.push(await startApplication(file, { ...start, env }));
    const service = new Service(apps.at(-1).url, upstream, collector, row);
    await findings.run('its run is a child of the caller’s run', () => service.expect(callersRun()));
    await findings.run('a request without a trace begins its own', () => service.expect(undefined));
    await findings.run(`${AT_ONCE} at once`, async () => {
      const runs = Array.from({ length: AT_ONCE }, (_, i) => (i % 4 === 3 ? undefined : callersRun()));
      const problems = await Promise.all(runs.map((run) => service.expect(run)));
      return problems.find((problem) => problem !== undefined);
    });
    checkAftermath(findings, apps, collector);
    return findings;
  } finally {
    for (const app of apps) app.stop();
    upstream.close();
  }
}

let calls = 0;

class Service {
  #url;
  #upstream;
  #collector;
  #row;

  constructor(url, upstream, collector, row) {
    this.#url = url;
    this.#upstream = upstream;
    this.#collector = collector;
    this.#row = row;
  }

  /** @returns what is wrong; `undefined` where nothing is */
  async expect(caller) {
    const id = `s${calls++}`;
    const { status, text } = await post(this.#url, caller?.headers, JSON.stringify({ id }), CALL_TIMEOUT_MS);
    if (status >= 400 || JSON.parse(text).id !== id) return `it answers ${status} ${text.slice(0, 300)}`;
    const arrived = this.#upstream.arrived(id);
    if (arrived.length !== 1) return `${arrived.length} requests of the service instead of 1`;
    const traces = valuesOf(arrived[0].rawHeaders, 'langsmith-trace');
    if (traces.length > 1) return `${traces.length} traces in the service’s request`;
    return this.#row.links === false
      ? this.#relayed(traces[0], caller, id)
      : this.#linked(traces[0], caller, this.#row.path);
  }

  /** Climbs from the run that the service's request names to the caller's. */
  async #linked(trace, caller, path) {
    if (trace === undefined) return 'no trace in the service’s request';
    const order = trace.split('.');
    const ids = order.map((segment) => segment.slice(-36));
    const own = caller === undefined ? ids : ids.slice(2);
    if (caller !== undefined && !trace.startsWith(`${caller.trace}.`))
      return 'the service’s request is of a WRONG trace';
    const ended = (runs) => runs.filter((run) => own.includes(run.id) && run.endTime !== undefined);
    const runs = ended(await this.#collector.waitForRuns((all) => ended(all).length === own.length));
    const climb = own.map((runId) => runs.find((run) => run.id === runId));
    const names = climb.map(({ name }) => name).reverse();
    if (names.join() !== path.join())
      return `the runs are ${names.join(' < ')} instead of ${path.join(' < ')}`;
    for (const [i, run] of climb.entries()) {
      const parent = i === 0 ? caller?.runId : own[i - 1];
      if (run.parentRunId !== parent) return `the parent of ${run.name} is WRONG`;
      if (run.traceId !== (caller?.traceId ?? own[0])) return `the trace of ${run.name} is WRONG`;
      const project = caller === undefined ? 'matrix' : 'callers';
      if (run.project !== project) return `the project of ${run.name} is ${run.project}`;
    }
    return undefined;
  }

  /** Runs that cannot be linked: the caller's trace goes on, and the run is a root of its own. */
  async #relayed(trace, caller, id) {
    if (trace !== caller?.trace)
      return `the service’s request carries ${trace} instead of the caller’s trace`;
    const isIt = (run) => run.endTime !== undefined && JSON.stringify(run.inputs).includes(`"${id}"`);
    const run = (await this.#collector.waitForRuns((all) => all.some(isIt))).find(isIt);
    return run.parentRunId === undefined ? undefined : 'the run has a parent';
  }
}
