/**
 * What must be true of a client library: each request carries the run in which the application made it, once, on
 * every hop; and nothing where there was none.
 */
import { startApplication } from './application.mjs';
import { Client, NotPossible } from './client-calls.mjs';
import { checkAftermath, Findings } from './findings.mjs';
import { callersRun } from './trace.mjs';
import { startUpstream } from './upstream.mjs';

/** The first check of each form. Where even this is not possible, there are no others. */
const PLAIN = 'in a caller’s context: its headers, once';

/**
 * @param environment the variables with which the application sends its runs to the collector
 * @param interleaved how many calls at once; `isStress`: nothing but these, in all ways at once
 */
export async function checkClient({ row, file, start, environment, collector, interleaved, isStress }) {
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
    checkAftermath(findings, [app], collector);
    return findings;
  } finally {
    app.stop();
    client.stop();
    upstream.close();
  }
}

async function allChecks(client, forms, interleaved, findings) {
  const notPossible = new Set();
  for (const isTraced of [false, true]) {
    for (const form of forms) {
      if (notPossible.has(form) || (isTraced && !form.runs)) continue;
      const where = isTraced ? 'in a run' : 'in a caller’s context';
      const checks = {
        [isTraced ? 'in a run: its headers, once' : PLAIN]: () =>
          client.expect(form, { isTraced, run: callersRun() }),
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
        const isPossible = await findings.run(`${form.name}: ${name}`, check, NotPossible);
        if (isPossible || name !== PLAIN) continue;
        notPossible.add(form);
        break;
      }
    }
  }
}

/** Three of four in a caller's context, a third in runs: both, either, none. */
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
        return [form, { ...mixed(i, form.runs), kind }];
      }),
    ),
  );
}
