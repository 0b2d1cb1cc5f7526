import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run, testNode, testNodeMajor } from '../support/app.ts';
import { placeApplication } from '../support/libraries.ts';
import { createMCPApp, installSDK, type MCPApp, NEWEST, OLDER, SUCCESSOR } from '../support/mcp.ts';
import { skipAll } from '../support/skip.ts';
import { baggage, dottedOrder } from '../support/trace.ts';

interface Handled {
  readonly caller: string;
  /** The run that the handler made. */
  readonly run: string;
  readonly meta: { readonly baggage?: string } | null;
  readonly header?: string | null;
  readonly args?: { readonly n?: number };
}
interface Asked extends Handled {
  readonly sampling: Handled;
  readonly elicitation: Handled | null;
}
interface Report {
  readonly connector: string;
  readonly tool: Handled;
  readonly meta: Handled;
  readonly own: Handled;
  readonly onlyOwn: Handled;
  readonly resource: Handled;
  readonly prompt: Handled;
  readonly asked: Asked;
  readonly untraced: Handled;
  readonly untracedAsk: Asked;
  readonly parallel: readonly Handled[];
  readonly errors: object;
  readonly forwarded: { readonly sent: { readonly params: object } } | null;
  /** The run that the handler of a notification made. */
  readonly announced: string;
  readonly headers: object;
  readonly stopped: readonly [boolean, boolean];
  readonly afterStop: Handled;
}

type Env = NodeJS.ProcessEnv;

const preload = ['--import', '@org/trace-agent/register'];
/** A trace that is none of the application's own. */
const foreign = dottedOrder(2);
const MEMBERS = baggage({ metadata: { team: 'search' }, tags: ['t'], project: 'mcp' });

interface Options {
  readonly env?: Env;
  /** The options of Node.js with which the server starts that is a child process. */
  readonly server?: readonly string[];
  readonly agent?: boolean;
}

async function report(app: MCPApp, kind: string, { env = {}, server = preload, agent = true }: Options = {}) {
  const webcrypto = testNodeMajor === 18 ? ['--experimental-global-webcrypto'] : [];
  const result = await run([app.client, kind, testNode, ...webcrypto, ...server, app.server], {
    preload: agent ? 'import' : 'none',
    cwd: app.directory,
    env: {
      OWN_BAGGAGE: `langsmith-trace=${foreign},vendor=1`,
      SERVER_ENV: JSON.stringify(env),
      ...env,
    },
  });
  expect(result.stderr).toBe('');
  expect(result.code).toBe(0);
  return JSON.parse(result.stdout) as Report;
}

/** Expects a run directly below another one. */
function expectChild(child: string, parent: string): void {
  expect(child.slice(0, parent.length + 1)).toBe(`${parent}.`);
  expect(child.split('.')).toHaveLength(parent.split('.').length + 1);
}

const expectRoot = (order: string) => expect(order.split('.')).toHaveLength(1);

function expectLinked(found: Report): void {
  for (const one of [found.tool, found.resource, found.prompt, found.meta, found.asked])
    expectChild(one.run, one.caller);
  for (const one of found.parallel) {
    if (one.caller === undefined) expectRoot(one.run);
    else expectChild(one.run, one.caller);
  }
  expectRoot(found.untraced.run);
  expectRoot(found.untracedAsk.run);
  expectRoot(found.announced);
  for (const asked of [found.asked, found.untracedAsk]) {
    expectChild(asked.sampling.run, asked.run);
    if (asked.elicitation !== null) expectChild(asked.elicitation.run, asked.run);
  }
}

const VERSIONS = [
  { sdk: NEWEST, kinds: ['stdio', 'http', 'sse', 'memory'], from: 18 },
  { sdk: OLDER, kinds: ['stdio', 'http', 'sse', 'memory'], from: 18 },
  { sdk: SUCCESSOR, kinds: ['stdio', 'http', 'memory'], from: 20 },
];
const FORMS = [
  // The agent finds ES modules by a part of Node.js that Node 18 does not have.
  { form: 'esm', from: 20 },
  { form: 'cjs', from: 18 },
] as const;

for (const { sdk, kinds, from } of VERSIONS) {
  for (const { form, from: formFrom } of FORMS) {
    describe(`${sdk.label}, ${form}`, () => {
      const oldest = Math.max(from, formFrom);
      const app = testNodeMajor < oldest ? undefined : createMCPApp(sdk, form);
      skipAll(app === undefined ? `needs a campaign, and Node.js ${oldest}` : undefined);

      it.each(kinds)('%s: handlers continue the run of their own call, in both directions', async (kind) => {
        expectLinked(await report(app as MCPApp, kind));
      });
    });
  }
}

describe('an application of MCP', () => {
  const app = createMCPApp(NEWEST, testNodeMajor < 20 ? 'cjs' : 'esm');
  skipAll(app === undefined ? 'needs a campaign' : undefined);
  const reportOf = (kind: string, options?: Options) => report(app as MCPApp, kind, options);
  const withTrace = (trace: string) => ({ baggage: `langsmith-trace=${trace},${MEMBERS}` });

  it('[I149] [I153] [I154] [I155] over stdio: tools, resources, prompts; sampling and elicitation', async () => {
    const found = await reportOf('stdio');
    expectLinked(found);
    for (const { meta, caller } of [found.tool, found.resource, found.prompt, found.asked]) {
      expect(meta).toEqual(withTrace(caller));
    }
    for (const asked of [found.asked.sampling, found.asked.elicitation]) {
      expect(asked?.meta).toEqual(withTrace(found.asked.run));
    }
  });

  it.each([
    ['[I150] Streamable HTTP', 'http'],
    ['[I151] SSE', 'sse'],
  ])('%s: a header and `_meta` link a run once', async (_, kind) => {
    const found = await reportOf(kind);
    expectLinked(found);
    expect(found.tool.header).toBe(found.tool.caller);
    expect(found.tool.meta).toEqual(withTrace(found.tool.caller));
  });

  it('[I152] in memory', async () => {
    const found = await reportOf('memory');
    expectLinked(found);
    expect(found.tool.meta).toEqual(withTrace(found.tool.caller));
  });

  it('[I156] [I158] calls outside of a run, and calls at once, in a run or not', async () => {
    const found = await reportOf('stdio');
    expectRoot(found.untraced.run);
    expect(found.untraced.meta).toBeNull();
    expect(found.parallel).toHaveLength(12);
    for (const [n, { run, caller, args }] of found.parallel.entries()) {
      expect(args).toEqual({ n });
      if (n % 4 === 3) expectRoot(run);
      else expectChild(run, caller);
    }
  });

  it.each(['stdio', 'sse'])(
    '[I157] %s: what comes over a connection without a trace does not belong to the run that opened it',
    async (kind) => {
      const asked = (await reportOf(kind, { env: { TRACE_AGENT_PROPAGATE_TO: 'none' } })).untracedAsk;
      expectRoot(asked.run);
      expectRoot(asked.sampling.run);
      expectRoot((asked.elicitation as Handled).run);
      expect(asked.sampling.meta).toBeNull();
    },
  );

  it.each(['stdio', 'http', 'memory'])(
    '[I159] %s: other keys and members stay, frozen objects too',
    async (kind) => {
      const { meta, caller } = (await reportOf(kind)).meta;
      const { baggage: ours } = withTrace(caller);
      expect(meta).toEqual({ 'example.com/own': 1, baggage: `${ours},vendor=1;p` });
    },
  );

  it.each(['stdio', 'http'])('[I160] %s: a trace that the application sets wins', async (kind) => {
    const { own, onlyOwn } = await reportOf(kind);
    for (const { meta, run } of [own, onlyOwn]) {
      expect(meta).toEqual({ baggage: `langsmith-trace=${foreign},vendor=1` });
      expectChild(run, foreign);
    }
  });

  it.each(['stdio', 'http', 'sse', 'memory'])(
    '[I161] [I162] %s: results, errors and the end of the process are as without the agent',
    async (kind) => {
      const given: Options = { server: [] };
      const [patched, bare] = await Promise.all([
        reportOf(kind, given),
        reportOf(kind, { ...given, agent: false }),
      ]);
      expect(patched.errors).toEqual(bare.errors);
      expect(patched.headers).toEqual(bare.headers);
      const others = (all: Report) =>
        JSON.parse(JSON.stringify(all, (name, value) => (ownToIt.includes(name) ? undefined : value)));
      expect(withoutOurs(others(patched))).toEqual(withoutOurs(others(bare)));
    },
  );

  it('[I161] a server without the agent sees one more key of `_meta`, and nothing else', async () => {
    const found = await reportOf('stdio', { server: [] });
    expect(found.tool.meta).toEqual(withTrace(found.tool.caller));
    expect(found.tool.args).toEqual({ a: 1 });
    expect(found.untraced.meta).toBeNull();
    expectRoot(found.tool.run);
  });

  it.each([
    ['stdio', 'none'],
    ['http', 'none'],
    ['http', '*,!127.0.0.1'],
    ['memory', 'none'],
  ])('[I163] %s: TRACE_AGENT_PROPAGATE_TO=%s sends nothing', async (kind, list) => {
    const found = await reportOf(kind, { env: { TRACE_AGENT_PROPAGATE_TO: list } });
    expect([found.tool.meta, found.resource.meta, found.asked.sampling.meta]).toEqual([null, null, null]);
    expect(found.meta.meta).toEqual({ 'example.com/own': 1, baggage: 'vendor=1;p' });
  });

  it('[I163] an exception for a host does not apply to a child process', async () => {
    expectLinked(await reportOf('stdio', { env: { TRACE_AGENT_PROPAGATE_TO: '*,!127.0.0.1' } }));
  });

  it.each(['stdio', 'http'])('[I164] %s: metadata and tags go only where they may', async (kind) => {
    const found = await reportOf(kind, { env: { TRACE_AGENT_SHARE_METADATA_WITH: 'none' } });
    expectLinked(found);
    const { caller, meta } = found.tool;
    expect(meta).toEqual({ baggage: `langsmith-trace=${caller},langsmith-project=mcp` });
  });

  it('[I164] the setting for headers does not take the trace out of `_meta`', async () => {
    expectLinked(await reportOf('stdio', { env: { TRACE_AGENT_TRACE_IN_BAGGAGE: 'false' } }));
  });

  it('the handler of a request sends no trace over a transport that the agent does not know', async () => {
    const { forwarded } = await report(app as MCPApp, 'http');
    expect(forwarded?.sent.params).toEqual({ any: 1 });
  });

  it.each(['http', 'sse'])('[I165] %s: a client that is not trusted is not believed', async (kind) => {
    const found = await reportOf(kind, { env: { TRACE_AGENT_TRUST: 'none' } });
    for (const { run } of [found.tool, found.resource, found.own, found.onlyOwn]) expectRoot(run);
    // Nor is the server by its client, though it is sent the trace.
    const { run, sampling } = found.asked;
    expect(sampling.meta).toEqual(withTrace(run));
    expect(sampling.run.startsWith(`${run}.`)).toBe(false);
  });

  it('[I165] a child process is believed, whatever TRACE_AGENT_TRUST is', async () => {
    expectLinked(await reportOf('stdio', { env: { TRACE_AGENT_TRUST: 'none' } }));
  });

  it('[I149] a child process has the agent if the transport passes NODE_OPTIONS on, and not by itself', async () => {
    const env = { NODE_OPTIONS: preload.join(' ') };
    const passed = { ...env, SERVER_ENV: JSON.stringify(env) };
    const kept = { ...env, SERVER_ENV: '{}' };
    const given = { server: [], agent: false };
    const [linked, alone] = await Promise.all([
      reportOf('stdio', { ...given, env: passed }),
      reportOf('stdio', { ...given, env: kept }),
    ]);
    expectLinked(linked);
    expectRoot(alone.tool.run);
  });

  it('TRACE_AGENT_LOG=debug tells of each request in a run whether it carries the trace, and why', async () => {
    const debug = (list: string) => ({ TRACE_AGENT_LOG: 'debug', TRACE_AGENT_PROPAGATE_TO: list });
    const told = async (list: string) => {
      const args = [(app as MCPApp).client, 'memory'];
      const { stderr } = await run(args, { cwd: (app as MCPApp).directory, env: debug(list) });
      return stderr.split('\n').find((line) => line.includes('outgoing tools/call of MCP'));
    };
    expect(await told('*')).toMatch(/: sent in full \(run /);
    expect(await told('none')).toMatch(/: not sent: .*TRACE_AGENT_PROPAGATE_TO/);
  });

  it.each(['none', '!@modelcontextprotocol/sdk'])(
    '[I166] TRACE_AGENT_LIBRARIES=%s turns it off',
    async (list) => {
      const found = await reportOf('stdio', { env: { TRACE_AGENT_LIBRARIES: list } });
      expectRoot(found.tool.run);
      expect(found.tool.meta).toBeNull();
    },
  );

  it.each(['stdio', 'http', 'memory'])('[I167] %s: `stop()` puts the class back', async (kind) => {
    const { stopped, afterStop } = await reportOf(kind);
    expect(stopped).toEqual([false, true]);
    expect(afterStop.meta).toBeNull();
  });
});

describe('a result of MCP that asks for input', () => {
  const libraries = testNodeMajor < 20 ? undefined : installSDK(SUCCESSOR);
  skipAll(libraries === undefined ? 'needs a campaign, and Node.js 20' : undefined);

  it('is answered under the run of the call, over stdio too, and so is the call that repeats it', async () => {
    const app = placeApplication(libraries as string, 'input-required', 'mcp/input-required.mjs');
    const { stdout, stderr, code } = await run([app], { cwd: dirname(app) });
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    const { caller, run: again, answer } = JSON.parse(stdout);
    for (const one of [again, answer.content.asking, answer.content.run]) expectChild(one, caller);
  });
});

/** What is the agent's, or differs from process to process. */
const ownToIt = ['run', 'caller', 'header', 'connector', 'stopped', 'announced'];

/** Without the baggage that the agent writes. */
function withoutOurs(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (name, inner: { baggage?: string } | null) => {
      if (name !== 'meta' || inner === null) return inner;
      const { baggage: own = '', ...others } = inner;
      const kept = own.split(',').filter((member) => !/^langsmith-/.test(member) || member.includes(foreign));
      const rest = kept.join(',') === '' ? others : { ...others, baggage: kept.join(',') };
      return Object.keys(rest).length === 0 ? null : rest;
    }),
  );
}
