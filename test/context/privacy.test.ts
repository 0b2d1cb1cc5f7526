import { Client, RunTree } from 'langsmith';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { headersOfRun } from '../../src/context/local-run.ts';
import type { RunTreeLike } from '../../src/context/run-tree.ts';
import { richest } from '../../src/headers/trace-headers.ts';

const SETTINGS = { maxHeaderBytes: 8192, traceInBaggage: false };

afterEach(() => vi.unstubAllEnvs());

function clientWith(options: ConstructorParameters<typeof Client>[0]): Client {
  return new Client({ apiKey: 'test', autoBatchTracing: false, ...options });
}

/** The `baggage` of a run with metadata and tags, whose client has these options, and its replica's client those. */
function baggageOf(
  options: ConstructorParameters<typeof Client>[0],
  ofReplica?: ConstructorParameters<typeof Client>[0],
): string | undefined {
  const client = clientWith(options);
  const run = new RunTree({
    name: 'run',
    client,
    project_name: 'p',
    metadata: { secret: 1 },
    tags: ['t'],
    ...(ofReplica && {
      replicas: [{ projectName: 'r' }, { projectName: 'r', client: clientWith(ofReplica) }],
    }),
  }) as unknown as RunTreeLike;
  const set = headersOfRun(run, SETTINGS);
  return set && richest(set)?.baggage;
}

const SHOWN = `langsmith-metadata=${encodeURIComponent('{"secret":1}')},langsmith-tags=t,langsmith-project=p`;
const HIDDEN = 'langsmith-tags=t,langsmith-project=p';

describe('the metadata of a run leaves the process', () => {
  it.each([
    ['not where its client hides it', { hideMetadata: true }],
    ['not where its client changes it', { hideMetadata: (metadata: object) => ({ ...metadata }) }],
    ['not where its client has an anonymizer', { anonymizer: (values: object) => ({ ...values }) }],
  ] as const)('%s', (_how, options) => {
    expect(baggageOf(options as never)).toBe(HIDDEN);
  });

  it('where nothing hides it, as inputs that are hidden do not', () => {
    expect(baggageOf({})).toBe(SHOWN);
    expect(baggageOf({ hideInputs: true })).toBe(SHOWN);
  });

  it('not where a variable hides it, unless an option says otherwise', () => {
    vi.stubEnv('LANGSMITH_HIDE_METADATA', 'true');
    expect(baggageOf({})).toBe(HIDDEN);
    expect(baggageOf({ hideMetadata: false })).toBe(SHOWN);
  });

  it('not where the client of a replica hides it', () => {
    expect(baggageOf({}, {})).toBe(SHOWN);
    expect(baggageOf({}, { hideMetadata: true })).toBe(HIDDEN);
  });

  it('not where a variable hides it that the SDK of the run does not know', () => {
    const run = { dotted_order: `20260101T000000000001Z${'1'.repeat(8)}-1111-4111-8111-${'1'.repeat(12)}` };
    const set = () => headersOfRun({ ...run, extra: { metadata: { secret: 1 } }, client: {} }, SETTINGS);
    expect(set()?.baggages[0]).toContain('secret');
    vi.stubEnv('LANGCHAIN_HIDE_METADATA', 'true');
    expect(set()?.baggages[0]).toBe('');
  });
});
