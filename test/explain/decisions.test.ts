import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { INCOMING, OUTGOING } from '../../src/explain/reasons.ts';
import { fixture, root, run, testNodeMajor } from '../support/app.ts';
import { bundle } from '../support/bundle.ts';

/** The agent's lines for each step of the application, without prefix. */
async function linesOf(env: NodeJS.ProcessEnv = {}, steps: string[] = []): Promise<Map<string, string[]>> {
  const { code, stderr } = await run([fixture('apps/decisions.cjs'), ...steps], {
    env: {
      TRACE_AGENT_LOG: 'debug',
      LANGSMITH_TRACING: 'true',
      LANGSMITH_API_KEY: 'any',
      ...DEAD_END,
      ...env,
    },
  });
  expect(code, stderr).toBe(0);
  const found = new Map<string, string[]>();
  let step = '';
  for (const line of stderr.split('\n')) {
    if (line.startsWith('# ')) {
      step = line.slice(2);
      found.set(step, []);
    }
    const match = /^\[trace-agent\] debug: (.*)$/.exec(line);
    if (match?.[1] !== undefined) found.get(step)?.push(match[1]);
  }
  return found;
}

/** Runs of the SDK are sent to nobody. */
const DEAD_END = { LANGSMITH_ENDPOINT: 'http://127.0.0.1:1' };
const RUN = '01939f2a-1f6b-7c3e-8f00-0000000000aa';

describe('TRACE_AGENT_LOG=debug', () => {
  let lines: Map<string, string[]>;
  beforeAll(async () => {
    lines = await linesOf({ TRACE_AGENT_PROPAGATE_TO: '*,!excepted.test' });
  });
  const outgoing = (step: string) =>
    (lines.get(step) ?? []).filter((line) => line.startsWith('outgoing ') && !line.includes('127.0.0.1:1/'));
  const incoming = (step: string) => (lines.get(step) ?? []).filter((line) => line.startsWith('incoming '));
  /** The host is that of the request's own `Host` if it names another one. */
  const shown = (step: string) =>
    outgoing(step).map((line) =>
      line
        .replace(/127\.0\.0\.1:\d+/, 'upstream')
        .replace(/:\d+\//, ':port/')
        .replace(/run (?!0193)[\w-]{36}/, 'run …'),
    );

  it.each([
    ['http, no run', `GET upstream/orders/…: ${OUTGOING.noRun}`],
    ['fetch, no run', `GET upstream/orders: ${OUTGOING.noRun}`],
    ['http2, no run', `GET upstream/orders: ${OUTGOING.noRun}`],
    ['http, relayed', `GET upstream/orders/…: ${OUTGOING.everything} (the caller’s run ${RUN})`],
    ['raw headers, relayed', `GET upstream/orders/…: ${OUTGOING.everything} (the caller’s run ${RUN})`],
    ['fetch, relayed', `GET upstream/orders: ${OUTGOING.everything} (the caller’s run ${RUN})`],
    ['http2, relayed', `GET upstream/orders: ${OUTGOING.everything} (the caller’s run ${RUN})`],
    ['a run of its own', `GET upstream/orders/…: ${OUTGOING.everything} (run …)`],
    ['a run that is not traced', `GET upstream/orders/…: ${OUTGOING.notTraced}`],
    ['excepted', `GET excepted.test:port/orders/…: ${OUTGOING.excepted} (!excepted.test, for excepted.test)`],
    [
      'excepted, raw headers',
      `GET excepted.test/orders/…: ${OUTGOING.excepted} (!excepted.test, for excepted.test)`,
    ],
    ['langsmith', `GET api.smith.langchain.com:port/orders/…: ${OUTGOING.langSmith}`],
    ['a client of LangSmith', `GET upstream/orders/…: ${OUTGOING.langSmith}`],
    ['its own header', `GET upstream/orders/…: ${OUTGOING.ownHeader}`],
    ['from a caller', `GET upstream/orders/…: ${OUTGOING.ownHeader}`],
    ['a host that cannot be parsed', `GET an unknown host nothing: ${OUTGOING.unknown}`],
    ['no room', `GET upstream/orders/…: ${OUTGOING.noRoom} (TRACE_AGENT_MAX_HEADER_BYTES=8192)`],
    ['room for a part', `GET upstream/orders/…: ${OUTGOING.inPart} (the caller’s run ${RUN})`],
    ['CONNECT', `CONNECT a.test:443: ${OUTGOING.connect}`],
    ['CONNECT with a password', `CONNECT a.test:443: ${OUTGOING.connect}`],
    ['not sampled', `GET upstream/orders/…: ${OUTGOING.notSampled}`],
    ['ended', `GET upstream/orders/…: ${OUTGOING.ended}`],
    ['detached', `GET upstream/orders/…: ${OUTGOING.detached}`],
  ])('a request gives one line: %s', (step, line) => {
    expect(shown(step)).toEqual([`outgoing ${line}`]);
  });

  it('a request of undici gives one line', ({ skip }) => {
    if (testNodeMajor === 18) skip('undici 7 needs Node.js 20');
    expect(shown('undici, relayed')).toEqual([
      `outgoing GET upstream/orders: ${OUTGOING.everything} (the caller’s run ${RUN})`,
    ]);
  });

  it('an external destination is named, with the list that it is not in', () => {
    expect(outgoing('external').join('\n')).toContain(
      `${OUTGOING.external} (internal, for api.example.com; `,
    );
  });

  it.each([
    ['http, no run', `${INCOMING.noTrace}`],
    ['http2, no run', `${INCOMING.noTrace}`],
    ['from a caller', `${INCOMING.continued} (run ${RUN})`],
    ['http2, relayed', `${INCOMING.continued} (run ${RUN})`],
    ['from a caller who did not sample', INCOMING.notSampled],
    ['from a caller by baggage alone', `${INCOMING.continued} (run ${RUN})`],
    ['from a caller with an invalid trace', INCOMING.invalid],
    ['from a caller with an invalid trace in baggage', INCOMING.invalid],
  ])('a request that a server receives gives one line: %s', (step, words) => {
    expect(incoming(step)).toHaveLength(1);
    expect(incoming(step)[0]).toMatch(/^incoming GET \/orders(\/…)? from 127\.0\.0\.1: /);
    expect(incoming(step)[0]).toMatch(new RegExp(`: ${words.replace(/[()]/g, '\\$&')}$`));
  });

  it('shows no query, and no part of a path that may be secret', () => {
    expect([...lines.values()].flat().join('\n')).not.toMatch(/secret|4711/);
  });
});

it.each<[string, NodeJS.ProcessEnv, string, string]>([
  ['tracing is off', { LANGSMITH_TRACING: 'True' }, 'http, no run', `: ${OUTGOING.tracingOff}`],
  [
    'the destination is not in the list',
    { TRACE_AGENT_PROPAGATE_TO: '*.example.com' },
    'http, relayed',
    `: ${OUTGOING.notIncluded} (*.example.com, for 127.0.0.1)`,
  ],
  [
    'the caller is not trusted',
    { TRACE_AGENT_TRUST: 'none' },
    'from a caller',
    `: ${INCOMING.distrusted} (none)`,
  ],
])('a line says that %s', async (_what, env, step, words) => {
  const lines = (await linesOf(env, [step])).get(step) ?? [];
  expect(lines.filter((line) => line.endsWith(words))).toHaveLength(1);
});

it('a line says that the queue of a bundled library cannot be followed', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'trace-agent-decisions-'));
  try {
    const file = await bundle(fixture('apps/bundled-decisions.mjs'), directory);
    const { code, stderr } = await run([file], { env: { TRACE_AGENT_LOG: 'debug' } });
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(new RegExp(`outgoing POST [^ ]*/package/method: ${OUTGOING.notFollowed}\n`));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

it('no line is written for a request on any other level', async () => {
  const { stderr } = await run([fixture('apps/decisions.cjs'), 'http, no run', 'http, relayed'], {
    env: { TRACE_AGENT_LOG: 'info' },
  });
  expect(stderr).not.toMatch(/outgoing|incoming/);
});

it('docs/limits.md explains the same words', () => {
  const text = readFileSync(join(root, 'docs/limits.md'), 'utf8');
  const explained = [...text.matchAll(/^\| `((?:not )?(?:sent|continued)[^`]*)` \|/gm)].map(
    ([, words]) => words,
  );
  expect(explained.sort()).toEqual([...Object.values(OUTGOING), ...Object.values(INCOMING)].sort());
});
