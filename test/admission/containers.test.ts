import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixture } from '../support/app.ts';
import { lackingForMountNamespace } from '../support/mount-namespace.ts';
import { skipAll } from '../support/skip.ts';
import { dottedOrder } from '../support/trace.ts';
import { goldenPods, POLICIES } from './golden.ts';
import { type Placed, place, startContainer } from './kubelet.ts';
import { type Container, environmentOf } from './pod.ts';

const lacking = lackingForMountNamespace();
const AGENT = '/trace-agent/register.cjs';

interface Said {
  readonly carried: string;
  readonly options: string | null;
  readonly title: string;
}

/** Runs Node.js as the container, to its end. */
async function run(placed: Placed, container: Container, trace: string): Promise<Said & { stderr: string }> {
  const child = startContainer(placed, container, [fixture('pods/relay.mjs'), trace]);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${container.name} ended with ${code}: ${stderr}`);
  return { ...JSON.parse(stdout), stderr };
}

/** An application's own agent is not in this test's file system. */
function runsHere(container: Container): boolean {
  const options = environmentOf(container)['NODE_OPTIONS'] ?? '';
  return !/node_modules/.test(options);
}

describe('Node.js in the golden pods', () => {
  skipAll(lacking && `this machine lacks ${lacking}`);

  describe.each(POLICIES.flatMap(goldenPods))('$name', ({ pod }) => {
    let placed: Placed;
    beforeAll(() => {
      placed = place(pod);
    });
    afterAll(() => placed?.remove());

    it.each(pod.spec.containers.filter(runsHere))('$name', async (container) => {
      const trace = dottedOrder();
      const options = environmentOf(container)['NODE_OPTIONS'] ?? null;
      const hasAgent = /trace-agent\/register/.test(options ?? '');
      const said = await run(placed, container, trace);

      expect(said.options).toBe(options);
      expect(said.carried).toBe(hasAgent ? trace : 'none');
      expect(said.stderr).toBe('');
      if (options?.includes('--title')) expect(said.title).toBe('a "b" c');
      if (hasAgent && !options?.includes('@org/'))
        expect(options).toMatch(new RegExp(`(^| )--require ${AGENT}$`));
    });
  });
});
