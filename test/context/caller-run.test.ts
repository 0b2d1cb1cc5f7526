/**
 * A handler whose request came with a trace, with the agent and beside it two controls: linked by hand as LangSmith's
 * guide says, and neither. `npm run test:campaigns` runs it with older versions of the SDK too.
 */
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CollectedRun, type Collector, startCollector } from '../../src/collector/index.ts';
import { type App, fixture, root, startApp } from '../support/app.ts';
import { isCampaign } from '../support/campaign.ts';
import { installSDK } from '../support/libraries.ts';
import { skipAll } from '../support/skip.ts';
import { baggage, dottedOrder, runIdOf, traceIdOf } from '../support/trace.ts';

const NEWEST = 'the newest';
const OLDER = ['0.1.64', '0.2.15', '0.3.87', '0.4.12', '0.5.26', '0.7.17', '0.10.11'];
const versions = isCampaign ? [...OLDER, NEWEST] : [NEWEST];
const sdks = versions.flatMap((name) =>
  name === NEWEST
    ? [{ name: `${name}, ESM`, from: root, form: 'esm' }]
    : [{ name, from: installSDK(name), form: 'cjs' }],
);
const MODES = ['agent', 'hand', 'bare'] as const;
type Mode = (typeof MODES)[number];

describe.each(sdks)('the SDK, $name', ({ name, from, form }) => {
  // Before 0.3.17 the SDK knows no project of a caller's; the agent does.
  const knowsProject = !/^0\.[12]\./.test(name);
  const callers = knowsProject ? 'callers' : 'own-project';
  const header = baggage({
    metadata: { order: 7 },
    tags: ['of-the-caller'],
    ...(knowsProject && { project: callers }),
  });

  describe.runIf(from !== undefined)('in a handler', () => {
    const apps = {} as Record<Mode, App>;
    const collectors = {} as Record<Mode, Collector>;

    beforeAll(async () => {
      await Promise.all(
        MODES.map(async (mode) => {
          collectors[mode] = await startCollector();
          const { url } = collectors[mode];
          apps[mode] = await startApp(fixture('apps/caller-run.mjs'), {
            preload: mode === 'agent' ? 'require' : 'none',
            env: {
              SDK_FROM: from,
              SDK_FORM: form,
              ...(mode === 'hand' && { BY_HAND: '1' }),
              LANGSMITH_TRACING: 'true',
              LANGCHAIN_TRACING_V2: 'true',
              LANGSMITH_ENDPOINT: url,
              LANGCHAIN_ENDPOINT: url,
              LANGSMITH_API_KEY: 'test',
              LANGCHAIN_API_KEY: 'test',
              LANGSMITH_PROJECT: 'own-project',
              LANGCHAIN_PROJECT: 'own-project',
            },
          });
        }),
      );
    });
    afterAll(async () => {
      await Promise.all(MODES.flatMap((mode) => [apps[mode]?.stop(), collectors[mode]?.close()]));
    });
    beforeEach(() => {
      for (const mode of MODES) collectors[mode].clear();
    });

    async function get(mode: Mode, path: string, trace?: string): Promise<unknown> {
      const headers = trace === undefined ? {} : { 'langsmith-trace': trace, baggage: header };
      const response = await fetch(apps[mode].url + path, { headers });
      const body = await response.text();
      expect(response.status, `${mode} ${path}: ${body}`).toBe(200);
      return JSON.parse(body);
    }

    /** The runs, once these have ended, as `name: its parent, in its project`. */
    async function runs(mode: Mode, trace: string, ...names: string[]): Promise<string[]> {
      const ended = (all: CollectedRun[]) =>
        names.every((name) => all.some((run) => run.name === name && run.endTime !== undefined));
      const all = await collectors[mode].waitForRuns(ended);
      expect(collectors[mode].refused()).toEqual([]);
      const parentOf = ({ parentRunId, traceId, id }: CollectedRun) => {
        if (parentRunId === undefined) return traceId === id ? 'a root' : 'a root of another trace';
        if (parentRunId === runIdOf(trace))
          return traceId === traceIdOf(trace) ? 'the caller' : 'a WRONG trace';
        return all.find((run) => run.id === parentRunId)?.name ?? 'an unknown run';
      };
      return all.map((run) => `${run.name}: ${parentOf(run)}, in ${run.project}`).sort();
    }

    it('the current run has every member of the SDK’s class, as by hand', async () => {
      const trace = dottedOrder(2);
      const [agent, hand] = await Promise.all([
        get('agent', '/members', trace),
        get('hand', '/members', trace),
      ]);
      expect(agent).toEqual(hand);
      expect(agent).toMatchObject({ isInstance: true, members: { id: runIdOf(trace), dotted_order: trace } });
      expect(await get('agent', '/use', trace)).toEqual(withInherited(await get('hand', '/use', trace)));
    });

    /** Up to 0.5.8 the SDK gives a child nothing of its parent's metadata. */
    function withInherited(seen: unknown): unknown {
      const { child, metadata, ...rest } = seen as { child: unknown[]; metadata: object };
      return { ...rest, metadata, child: child.with(3, { ...metadata, ...(child[3] as object) }) };
    }

    it('posting or patching the caller’s run sends nothing', async () => {
      const trace = dottedOrder();
      await get('agent', '/send-current', trace);
      await get('agent', '/traceable');
      expect(await runs('agent', trace, 'work')).toEqual([
        'inner: work, in own-project',
        'work: a root, in own-project',
      ]);
    });

    it.each<[path: string, names: string[]]>([
      ['/traceable', ['inner', 'work']],
      ['/integration', ['made']],
      ['/argument', ['taker']],
      ['/root', ['apart']],
      ['/root-with-project', ['apart']],
      ...(knowsProject ? ([['/with-project', ['work']]] as [string, string[]][]) : []),
    ])('%s is linked, and is in the project, as by hand', async (path, names) => {
      const trace = dottedOrder();
      const answers = await Promise.all([get('agent', path, trace), get('hand', path, trace)]);
      expect(answers[0]).toEqual(answers[1]);
      expect(await runs('agent', trace, ...names)).toEqual(await runs('hand', trace, ...names));
      const contents = (mode: Mode) =>
        collectors[mode].runs().map(({ name, inputs, tags }) => ({ name, inputs, tags }));
      expect(contents('agent')).toEqual(expect.arrayContaining(contents('hand')));
    });

    it.each(MODES)('ROOT with its own project is a root in that project, %s', async (mode) => {
      const trace = dottedOrder();
      await get(mode, '/root-with-project', trace);
      expect(await runs(mode, trace, 'apart')).toEqual(['apart: a root, in mine']);
    });

    it('an explicit parent run is the parent', async () => {
      const trace = dottedOrder();
      await get('agent', '/explicit-parent', trace);
      expect(await runs('agent', trace, 'taker')).toEqual([
        'before: a root, in own-project',
        'taker: before, in own-project',
      ]);
    });

    it('a stored run links where it is entered again, outside of requests and in another request', async () => {
      for (const mode of ['agent', 'hand'] as const) {
        const trace = dottedOrder();
        await get(mode, '/keep', trace);
        for (const later of [undefined, dottedOrder()]) {
          collectors[mode].clear();
          await get(mode, '/enter-kept', later);
          expect(await runs(mode, trace, 'work', 'inner')).toEqual([
            `inner: work, in ${callers}`,
            `work: the caller, in ${callers}`,
          ]);
        }
      }
    });

    it.each(['/run-tree', '/run-tree-at-once', '/run-tree-current'])(
      '%s, made by hand, joins the caller’s trace',
      async (path) => {
        const trace = dottedOrder();
        await get('agent', path, trace);
        expect(await runs('agent', trace, 'made')).toContain(`made: the caller, in ${callers}`);
        collectors.agent.clear();
        await get('agent', path);
        expect(await runs('agent', trace, 'made')).toContain('made: a root, in own-project');
      },
    );

    it('runs that are posted later join the trace in which they were made', async () => {
      const [first, second] = [dottedOrder(), dottedOrder()];
      for (const trace of [first, second]) await get('agent', '/run-tree-later', trace);
      await get('agent', '/run-tree-later');
      await get('agent', '/send-waiting', dottedOrder());
      const all = await collectors.agent.waitForRuns(
        (all) => all.filter(({ endTime }) => endTime !== undefined).length === 3,
      );
      expect(all.map(({ parentRunId }) => parentRunId)).toEqual([runIdOf(first), runIdOf(second), undefined]);
    });

    it('runs that are entered in another request join the trace in which they were made', async () => {
      const [first, second, other] = [dottedOrder(), dottedOrder(), dottedOrder()];
      const arrived = once(apps.agent.process, 'message');
      const entering = get('agent', '/enter-what-comes', other);
      await arrived;
      for (const trace of [first, second]) await get('agent', '/run-tree-later', trace);
      await entering;
      const all = await collectors.agent.waitForRuns(
        (all) => all.filter(({ name, endTime }) => name === 'made' && endTime !== undefined).length === 2,
      );
      const parents = all.filter(({ name }) => name === 'made').map(({ parentRunId }) => parentRunId);
      expect(parents).toEqual([runIdOf(first), runIdOf(second)]);
    });

    it('a run of a dataset stays a root, and one that is switched off is not sent', async () => {
      const trace = dottedOrder();
      await get('agent', '/off', trace);
      await get('agent', '/dataset', trace);
      expect(await runs('agent', trace, 'made')).toEqual(['made: a root, in own-project']);
    });

    it.each(['agent', 'bare'] as const)('a client of a traceable’s own hides inputs, %s', async (mode) => {
      const trace = dottedOrder();
      await get(mode, '/hidden', trace);
      const parent = mode === 'agent' ? `the caller, in ${callers}` : 'a root, in own-project';
      expect(await runs(mode, trace, 'hidden')).toEqual([`hidden: ${parent}`]);
      expect(JSON.stringify(collectors[mode].runs())).not.toContain('SECRET');
    });

    describe('integrations', () => {
      const isNewest = name.startsWith(NEWEST);
      skipAll(isNewest ? undefined : "the tracing processor and the wrapper's mark are of newer versions");

      it.each(MODES.flatMap((mode) => ['/processor', '/tracer'].map((path) => [mode, path] as const)))(
        'inputs that a client hides stay hidden with the agent, %s %s',
        async (mode, path) => {
          const trace = dottedOrder();
          await get(mode, path, trace);
          const [hidden] = (await runs(mode, trace, 'hidden')).filter((run) => run.startsWith('hidden:'));
          expect(hidden).toContain(mode === 'bare' ? 'a root' : 'the caller');
          // By hand the SDK sends them by the client of the parent, in clear.
          const isInClear = JSON.stringify(collectors[mode].runs().map(({ inputs }) => inputs)).includes(
            'SECRET',
          );
          expect(isInClear).toBe(mode === 'hand');
        },
      );

      it.each(MODES)('only a root is marked as one, %s', async (mode) => {
        const trace = dottedOrder();
        for (const path of ['/wrapped', '/processor']) await get(mode, path, trace);
        await runs(mode, trace, 'ChatOpenAI', 'hidden');
        const marks = collectors[mode].runs().map(({ metadata }) => metadata?.['ls_agent_type']);
        expect(marks.includes('root')).toBe(mode === 'bare');
      });
    });

    it('nothing is printed', () => {
      expect(apps.agent.stderr()).toBe(apps.bare.stderr());
    });
  });
});
