import { expect, it } from 'vitest';
import { startCollector } from '../../src/collector/index.ts';
import { fixture, startApp } from '../support/app.ts';
import { dottedOrder } from '../support/trace.ts';

it.each([
  ['a vm context', 'vm', 1],
  ['the main context', 'main', 0],
])('an SDK that is loaded into %s gets the right number of warnings', async (_, where, count) => {
  const collector = await startCollector();
  const app = await startApp(fixture('apps/vm-context.cjs'), {
    args: [where],
    env: {
      LANGSMITH_TRACING: 'true',
      LANGSMITH_API_KEY: 'test',
      LANGSMITH_ENDPOINT: collector.url,
    },
  });
  for (let i = 0; i < 2; i++) {
    await fetch(app.url, { headers: { 'langsmith-trace': dottedOrder() } });
    await collector.waitForRuns((runs) => runs.length > i);
  }
  await app.stop();
  await collector.close();
  expect(app.stderr().match(/loaded into a vm context/g) ?? []).toHaveLength(count);
  expect(app.stderr().match(/\[trace-agent\]/g) ?? []).toHaveLength(count);
});
