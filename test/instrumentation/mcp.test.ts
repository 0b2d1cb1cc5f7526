import { describe, expect, it } from 'vitest';
import { run, testNode, testNodeMajor } from '../support/app.ts';
import { createMCPApp, type MCPApp, NEWEST, OLDER, SUCCESSOR } from '../support/mcp.ts';
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
  const app = testNodeMajor < 20 ? undefined : createMCPApp(NEWEST, 'esm');
  skipAll(app === undefined ? 'needs a campaign, and Node.js 20' : undefined);
  const reportOf = (kind: string, options?: Options) => report(app as MCPApp, kind, options);

  it('a tool over stdio continues the run of its caller [I1]', async () => {
    const { tool } = await reportOf('stdio');
    expectChild(tool.run, tool.caller);
    expect(tool.meta).toEqual({ baggage: `langsmith-trace=${tool.caller},${MEMBERS}` });
  });
});
