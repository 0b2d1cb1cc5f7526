import { once } from 'node:events';
import { expect, it } from 'vitest';
import { startCollector } from '../../src/collector/index.ts';
import { fixture, type Preload, startApp } from '../support/app.ts';
import { installSDK } from '../support/libraries.ts';
import { dottedOrder, runIdOf } from '../support/trace.ts';

// Newer versions of the SDK lose such a run without the agent too.
it.each([
  ['0.1.64', 'require'],
  ['0.3.87', 'require'],
  ['0.1.64', 'none'],
  ['0.3.87', 'none'],
] as [string, Preload][])(
  'langsmith %s sends a run before the process ends if tracing is not in the background, preload: %s',
  async (version, preload) => {
    const collector = await startCollector();
    const app = await startApp(fixture('apps/background.cjs'), {
      preload,
      env: {
        SDK: installSDK(version),
        LANGSMITH_TRACING: 'true',
        LANGSMITH_API_KEY: 'test',
        LANGSMITH_ENDPOINT: collector.url,
        LANGSMITH_TRACING_BACKGROUND: 'false',
        LANGCHAIN_CALLBACKS_BACKGROUND: 'false',
      },
    });
    try {
      const trace = dottedOrder();
      const ended = once(app.process, 'exit');
      await fetch(app.url, { headers: { 'langsmith-trace': trace } });
      await ended;
      const runs = collector.runs().map(({ name, parentRunId, endTime }) => ({
        name,
        parentRunId,
        isEnded: endTime !== undefined,
      }));
      const parentRunId = preload === 'none' ? undefined : runIdOf(trace);
      expect(runs).toEqual([{ name: 'work', parentRunId, isEnded: true }]);
    } finally {
      await app.stop();
      await collector.close();
    }
  },
);
