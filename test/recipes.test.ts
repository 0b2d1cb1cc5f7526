import { describe, expect, it } from 'vitest';
import { run } from './support/app.ts';
import { installLibraries, placeApplication } from './support/libraries.ts';
import { skipAll } from './support/skip.ts';

interface Report {
  readonly name: string;
  readonly sender: string;
  readonly received: readonly string[];
}

const PACKAGES = ['kafkajs@2', 'nats@2', '@nats-io/nats-core@3', '@aws-sdk/client-sqs@3'];

describe('the recipes of docs/beyond-http.md', () => {
  const libraries = installLibraries('recipes', PACKAGES);
  skipAll(libraries === undefined ? 'needs a campaign' : undefined);

  it('a message is handled under the run that sent it, and not under the run that started the consumer', async () => {
    const app = placeApplication(libraries as string, 'app', 'apps/recipes.mjs');
    const env = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' };
    const { stdout, stderr, code } = await run([app], { env });
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    const reports = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Report);
    expect(reports.map(({ name }) => name)).toEqual([
      'sqs',
      'kafkajs',
      'node-rdkafka',
      'nats',
      '@nats-io/nats-core',
    ]);
    for (const { name, sender, received } of reports) {
      expect(received, name).toHaveLength(name === 'sqs' ? 2 : 1);
      for (const one of received) expect(one.slice(0, sender.length + 1), name).toBe(`${sender}.`);
    }
  });
});
