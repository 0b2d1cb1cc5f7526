import { describe, expect, test } from 'vitest';
import { type CollectedRun, checkTrace, formatTrace } from '../../src/collector/index.ts';

const TRACE = '00000000-0000-4000-8000-000000000000';

/** Run number `index`; its parent is run number `parent`. */
function run(index: number, parent: number | undefined, more: Partial<CollectedRun> = {}): CollectedRun {
  const id = idOf(index);
  const segment = (number: number) => `20260131T12000000${String(number).padStart(4, '0')}Z${idOf(number)}`;
  return {
    id,
    traceId: TRACE,
    ...(parent !== undefined && { parentRunId: idOf(parent) }),
    dottedOrder: parent === undefined ? segment(index) : `${segment(0)}.${segment(index)}`,
    name: `run ${index}`,
    runType: 'chain',
    project: 'shop',
    service: 'gateway',
    startTime: 1000,
    endTime: 1000 + index,
    metadata: {},
    tags: [],
    ...more,
  };
}

function idOf(index: number): string {
  return `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
}

function nested(depth: number): CollectedRun[] {
  const runs: CollectedRun[] = [run(0, undefined)];
  for (let index = 1; index < depth; index++) {
    const above = runs[index - 1]?.dottedOrder ?? '';
    const own = run(index, index - 1);
    runs.push({ ...own, dottedOrder: `${above}.${own.dottedOrder.split('.')[1]}` });
  }
  return runs;
}

describe('formatTrace', () => {
  test('draws the tree, children in the order of their dotted orders', () => {
    const runs = [
      run(3, 1, { runType: 'tool', service: 'search', error: 'Error: no index\n    at search.js:7' }),
      run(2, 0, { runType: 'llm', startTime: 10, endTime: 1234.6 }),
      run(0, undefined, { name: 'order' }),
      run(1, 0, { name: 'find' }),
      run(9, undefined, { traceId: idOf(9) }),
    ];
    delete (runs[2] as { endTime?: number }).endTime;
    expect(formatTrace(runs, TRACE).split('\n')).toEqual([
      `trace ${TRACE}: 4 runs in shop`,
      'order        chain  [gateway]  running',
      '├─ find      chain  [gateway]     1 ms',
      '│  └─ run 3  tool   [search]      3 ms  Error: no index',
      '└─ run 2     llm    [gateway]  1225 ms',
    ]);
  });

  test('leaves out empty columns, and marks runs without a name', () => {
    const { service: _service, project: _project, ...bare } = run(0, undefined, { name: '', runType: '' });
    expect(formatTrace([bare], TRACE)).toBe(`trace ${TRACE}: 1 run\n(no name)  0 ms`);
    expect(formatTrace([], TRACE)).toBe(`trace ${TRACE}: 0 runs`);
  });

  test('shows runs whose parent is missing under a line that says so', () => {
    const runs = [run(0, undefined), run(5, 4), run(6, 4), run(7, 5)];
    expect(formatTrace(runs, TRACE).split('\n').slice(1)).toEqual([
      expect.stringMatching(/^run 0 /),
      `(parent ${idOf(4)} is missing)`,
      expect.stringMatching(/^├─ run 5 /),
      expect.stringMatching(/^│ {2}└─ run 7 /),
      expect.stringMatching(/^└─ run 6 /),
    ]);
  });

  test('shows runs whose parents form a loop', () => {
    const lines = formatTrace([run(0, undefined), run(1, 2), run(2, 1), run(3, 3)], TRACE).split('\n');
    expect(lines.filter((line) => line.includes('loop'))).toHaveLength(2);
    for (const name of ['run 1', 'run 2', 'run 3']) {
      expect(lines.filter((line) => line.includes(name))).toHaveLength(1);
    }
  });

  test.each([
    [
      'long names and errors',
      [run(0, undefined, { name: 'n'.repeat(300), error: 'e'.repeat(1e6) }), run(1, 0)],
    ],
    ['long services and types', [run(0, undefined, { service: 's'.repeat(99), runType: 't'.repeat(99) })]],
    ['wide characters', [run(0, undefined, { name: '注文'.repeat(80), error: '🔥'.repeat(80) })]],
    ['deep nesting', nested(60)],
  ])('stays within 100 columns: %s', (_what, runs) => {
    const lines = formatTrace(runs, TRACE).split('\n');
    expect(lines).toHaveLength(runs.length + 1);
    for (const line of lines) {
      const wide = line.match(/[注文🔥]/gu)?.length ?? 0;
      expect([...line].length + wide).toBeLessThanOrEqual(100);
    }
  });

  test('draws runs nested deeper than the stack', () => {
    expect(formatTrace(nested(1500), TRACE)).toContain('⋯ 1499 └─ run 1499');
    const chain = Array.from({ length: 50_000 }, (_, index) =>
      run(index, index === 0 ? undefined : index - 1),
    );
    expect(formatTrace(chain, TRACE).split('\n')).toHaveLength(50_001);
  });

  test('lets nothing through that a terminal would obey', () => {
    const evil = 'a\x1b[2J\x1b]0;title\x07\r\n\x9b31m\u202egnp.exe\u2028\ud800';
    const runs = [
      run(0, undefined, { name: evil, runType: evil, service: evil, project: evil, error: evil }),
      run(1, 0, { parentRunId: `\x1b[31m${evil}` }),
    ];
    const text = formatTrace(runs, TRACE);
    expect(text).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    expect(text).toContain('a\\x1b[2J');
  });
});

describe('checkTrace', () => {
  const root = run(0, undefined);

  test('finds nothing in a whole trace', () => {
    expect(checkTrace([run(1, 0), root, run(2, 0)], TRACE)).toEqual({ ok: true, problems: [] });
    expect(checkTrace(nested(5), TRACE)).toEqual({ ok: true, problems: [] });
  });

  test.each([
    ['no runs', [], 'there are no runs of trace'],
    ['no root', [run(1, 0)], 'there are 0 roots'],
    ['two roots', [root, run(1, undefined)], 'there are 2 roots: "run 0"'],
    ['the root of another trace', [run(1, undefined)], 'the id of root "run 1"'],
    [
      'a missing parent',
      [root, run(2, 1)],
      `the parent of "run 2" (${idOf(2)}), ${idOf(1)}, is not in the trace`,
    ],
    [
      'another order than the parent',
      [root, run(1, 0), run(2, 1)],
      'does not continue that of its parent "run 1"',
    ],
    ['another id than the order', [root, run(1, 0, { id: idOf(8) })], 'does not end with its id'],
    [
      'a root with a longer order',
      [{ ...nested(2)[1], id: TRACE } as CollectedRun],
      'does not end with its id',
    ],
    ['two projects', [root, run(1, 0, { project: 'other' })], 'the runs are in 2 projects: shop, other'],
  ])('finds %s', (_what, runs, problem) => {
    const { ok, problems } = checkTrace(runs, TRACE);
    expect(ok).toBe(false);
    expect(problems.join('\n')).toContain(problem);
  });
});
