import { Client, RunTree } from 'langsmith';
import { describe, expect, it } from 'vitest';
import { adopt } from '../../src/context/adoption.ts';
import { RemoteRun } from '../../src/context/remote-run.ts';
import type { RunTreeLike } from '../../src/context/run-tree.ts';
import { baggage, dottedOrder, runIdOf, traceIdOf } from '../support/trace.ts';

const trace = dottedOrder(2);
const client = new Client({ apiKey: 'test', autoBatchTracing: false });

function remote(header?: string): RemoteRun {
  // Some of the runs here are made before it.
  return Object.assign(new RemoteRun(trace, header), { arrival: 0 });
}

/** The SDK declares some of what it shows as private. */
function foreign(run: RunTree | undefined): RunTreeLike {
  return run as unknown as RunTreeLike;
}

function fresh(config: object = {}): RunTreeLike {
  return foreign(new RunTree({ name: 'run', client, project_name: 'own', ...config }));
}

describe('adopt', () => {
  it('makes a fresh root the caller’s child', () => {
    const run = fresh();
    adopt(run, remote());
    expect(run).toMatchObject({
      trace_id: traceIdOf(trace),
      parent_run_id: runIdOf(trace),
      project_name: 'own',
    });
    expect(run.dotted_order).toMatch(new RegExp(`^${trace}\\.\\d{8}T\\d{12}Z${run.id}$`));
  });

  it('gives it the caller’s project and metadata under the run’s own, and no tags', () => {
    const run = fresh({ metadata: { a: 'own', c: 3 }, tags: ['own'] });
    adopt(
      run,
      remote(baggage({ metadata: { a: 'theirs', b: 2 }, tags: ['theirs', 'own'], project: 'theirs' })),
    );
    expect(run).toMatchObject({ project_name: 'theirs', tags: ['own'] });
    expect(run.extra?.metadata).toEqual({ a: 'own', b: 2, c: 3 });
  });

  it('gives it the caller’s address instead of a project', () => {
    const run = fresh();
    adopt(
      run,
      remote(`langsmith-address=${encodeURIComponent('lrn:agents/support/environments/production')}`),
    );
    expect(run.project_name).toBeUndefined();
    expect(run.address).toEqual({ kind: 'AGENT', id: 'support', environment: 'PRODUCTION' });
    expect(() => new RunTree({ name: 'x', client, address: run.address as never })).not.toThrow();
  });

  it.each<[string, () => RunTreeLike]>([
    [
      'a child of a run of this process',
      () => foreign((fresh() as unknown as RunTree).createChild({ name: 'c' })),
    ],
    ['one made from headers', () => foreign(RunTree.fromHeaders({ 'langsmith-trace': dottedOrder() }))],
    ['one made from the caller’s headers', () => foreign(RunTree.fromHeaders({ 'langsmith-trace': trace }))],
    ['one that is not traced', () => fresh({ tracingEnabled: false })],
    ['one that has been posted', () => fresh({ extra: { runtime: {} } })],
    [
      'one with a child',
      () => {
        const run = fresh();
        (run as unknown as RunTree).createChild({ name: 'c' });
        return run;
      },
    ],
    ['one that has ended', () => fresh({ end_time: 1 })],
    ['one of an evaluation', () => fresh({ reference_example_id: '5f6b5d0c-0000-4000-8000-000000000000' })],
    ['LangChain’s copy of a run', () => fresh({ extra: { [Symbol.for('lc:child_config')]: {} } })],
    [
      'one with a dotted order chosen by hand',
      () => {
        const order = dottedOrder();
        return fresh({ id: runIdOf(order), trace_id: runIdOf(order), dotted_order: order });
      },
    ],
    [
      'one of the OpenTelemetry mode',
      () => fresh({ client: Object.assign(Object.create(client), { _tracingMode: 'otel' }) }),
    ],
  ])('leaves %s alone', (_name, make) => {
    const run = make();
    const { id, trace_id, dotted_order, parent_run_id, project_name } = run;
    adopt(run, remote(baggage({ project: 'theirs' })));
    expect(run).toMatchObject({ id, trace_id, dotted_order, project_name });
    expect(run.parent_run_id).toBe(parent_run_id);
  });

  it('leaves one from before the request alone', () => {
    const run = fresh();
    adopt(run, Object.assign(remote(), { arrival: (run.start_time as number) + 1 }));
    expect(run.trace_id).toBe(run.id);
  });
});
