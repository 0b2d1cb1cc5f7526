/** What we write, as it is read by the SDK's own `RunTree.fromHeaders` in each version that is supported. */
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatBaggage } from '../../src/headers/baggage.ts';
import { mergeBaggage } from '../../src/headers/members.ts';
import { formatTraceMember } from '../../src/headers/trace-member.ts';
import { fields } from '../support/fields.ts';
import { installSDK } from '../support/libraries.ts';
import { dottedOrder, runIdOf, traceIdOf } from '../support/trace.ts';

const VERSIONS = ['0.1.31', '0.1.64', '0.2.15', '0.3.87', '0.4.12', '0.5.26', '0.7.17', '0.10.11'];

interface ReadRun {
  id: string;
  trace_id: string;
  dotted_order: string;
  project_name?: string;
  tags?: string[];
  extra?: { metadata?: Record<string, unknown> };
}
interface SDK {
  RunTree: { fromHeaders(headers: Record<string, string>): ReadRun | undefined };
}

/** From 0.3.17 on; before, the environment's is taken. */
const readsProject = (version: string) => !/^0\.[12]\./.test(version);

describe.each(VERSIONS)('langsmith %s', (version) => {
  const directory = installSDK(version);

  it('reads the fields that were written', (test) => {
    if (directory === undefined) test.skip(`langsmith ${version} cannot be installed`);
    const { RunTree } = createRequire(`${directory}/`)('langsmith') as SDK;
    fc.assert(
      fc.property(fields, fc.integer({ min: 1, max: 40 }), (sent, depth) => {
        const trace = dottedOrder(depth);
        const ours = `${formatTraceMember(trace)},${formatBaggage(sent)}`;
        const baggage = mergeBaggage(ours, 'vendor=1;p=2,other=%20');
        const read = RunTree.fromHeaders({ 'langsmith-trace': trace, baggage });
        expect(read).toMatchObject({ id: runIdOf(trace), trace_id: traceIdOf(trace), dotted_order: trace });
        expect(read?.extra?.metadata).toMatchObject(sent.metadata);
        expect(read?.tags).toEqual(sent.tags);
        if (readsProject(version)) expect(read?.project_name).toBe(sent.project);
      }),
      { numRuns: 150 },
    );
  });
});
