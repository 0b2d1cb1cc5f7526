import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Collector, startCollector } from '../../src/collector/index.ts';
import { fixture, root } from '../support/app.ts';
import { lackingForMountNamespace } from '../support/mount-namespace.ts';
import { skipAll } from '../support/skip.ts';
import { IMAGE, type Placed, place, startContainer } from './kubelet.ts';
import { environmentOf, type Pod } from './pod.ts';

/** What a service answers. */
interface Said {
  readonly answer: string;
  readonly openTelemetry: readonly string[];
}

const lacking = lackingForMountNamespace();
const { pod }: { pod: Pod } = JSON.parse(
  readFileSync(join(root, 'test', 'admission', 'operator', 'pod.json'), 'utf8'),
);
const instrumentation = readFileSync(join(root, 'deploy', 'operator', 'instrumentation.yaml'), 'utf8');

const deployment = readFileSync(join(root, 'deploy', 'operator', 'deployment.yaml'), 'utf8');

/** The OTEL variables that the code of the installed SDK names. */
function variablesOfSDK(): string[] {
  const library = join(root, 'node_modules', 'langsmith', 'lib');
  const files = readdirSync(library, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.js'),
  );
  return files.flatMap((name) => readFileSync(join(library, name), 'utf8').match(/\bOTEL_[A-Z_]+/g) ?? []);
}

// The pod was written by hand after the operator's source: its Go module is not to be had, so the operator was not run.
describe('the pod of the OpenTelemetry Operator', () => {
  it('has the values of the Instrumentation file', () => {
    const [init] = pod.spec.initContainers ?? [];
    expect(init?.image).toBe(IMAGE);
    expect(instrumentation).toContain(`image: ${IMAGE}`);
    expect(instrumentation).toContain('- name: OTEL_METRICS_EXPORTER\n      value: none');
    const { requests, limits } = Object(init?.resources) as Record<string, Record<string, string>>;
    for (const [name, values] of Object.entries({ requests, limits })) {
      const { cpu, memory, ...others } = values ?? {};
      expect(others).toEqual({});
      expect(instrumentation).toContain(`\n      ${name}: { cpu: ${cpu}, memory: ${memory} }\n`);
    }
    const emptyDir = pod.spec.volumes?.find(({ name }) => name.startsWith('opentelemetry-'))?.emptyDir;
    expect(instrumentation).toContain(`\n    volumeLimitSize: ${Object(emptyDir).sizeLimit}\n`);
    expect(instrumentation).not.toMatch(/^ {2}(exporter|sampler|propagators):/m);
  });

  it('has the annotations of the Deployment, which name the Instrumentation', () => {
    const annotations = Object.entries(pod.metadata.annotations ?? {});
    expect(annotations).toHaveLength(2);
    for (const [name, value] of annotations) expect(deployment).toContain(`\n        ${name}: "${value}"\n`);
    const named = pod.metadata.annotations?.['instrumentation.opentelemetry.io/inject-nodejs'];
    expect(instrumentation).toContain(`\nmetadata:\n  name: ${named}\n`);
  });

  it('sets no OTEL variable that the LangSmith SDK reads', () => {
    const read = variablesOfSDK();
    expect(read).toContain('OTEL_EXPORTER_OTLP_ENDPOINT');
    expect(read).toContain('OTEL_ENABLED');
    for (const container of pod.spec.containers) {
      const set = Object.keys(environmentOf(container)).filter((name) => name.startsWith('OTEL_'));
      expect(set).toContain('OTEL_SERVICE_NAME');
      expect(set.filter((name) => read.includes(name))).toEqual([]);
    }
  });
});

describe('its containers', () => {
  skipAll(lacking && `this machine lacks ${lacking}`);

  let placed: Placed;
  let collector: Collector;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    placed = place(pod);
    collector = await startCollector();
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await collector?.close();
    placed?.remove();
  });

  async function start(name: string): Promise<string> {
    const container = pod.spec.containers.find((one) => one.name === name);
    if (!container) throw new Error(`there is no container ${name}`);
    const child = startContainer(placed, container, [fixture('pods/traced.mjs'), name], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { LANGSMITH_ENDPOINT: collector.urlFor(name) },
    });
    children.push(child);
    const [{ url }] = await once(child, 'message');
    return url;
  }

  it('run Node.js with the real SDK as one trace, and nothing of OpenTelemetry is on', async () => {
    const [gateway, inventory] = await Promise.all([start('gateway'), start('inventory')]);
    const response = await fetch(`${gateway}/?to=${encodeURIComponent(inventory)}`);
    const said = (await response.json()) as Said;
    await collector.waitForRuns((runs) => runs.filter((run) => run.endTime !== undefined).length === 2);

    const runs = collector.runs();
    expect(runs.map((run) => run.name).sort()).toEqual(['gateway', 'inventory']);
    expect(new Set(runs.map((run) => run.traceId)).size).toBe(1);
    expect(collector.refused()).toEqual([]);
    expect(said.openTelemetry).toEqual([]);
    expect((JSON.parse(said.answer) as Said).openTelemetry).toEqual([]);
  });
});
