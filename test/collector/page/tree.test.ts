import { describe, expect, test } from 'vitest';
import { buildTree, type TreeNode, visibleNodes } from '../../../src/collector/page/model/tree.ts';
import { moveByKey, nextMatch } from '../../../src/collector/page/model/tree-keys.ts';
import { runSummary } from './support.ts';

const AT = [0, 10] as const;
const NONE = new Set<string>();
const shape = (rows: readonly TreeNode[]) => rows.map(({ id, level }) => `${'  '.repeat(level - 1)}${id}`);

/** a (b (c, d), e) */
const FAMILY = [
  runSummary('a', undefined, AT),
  runSummary('b', 'a', AT),
  runSummary('c', 'b', AT),
  runSummary('d', 'b', AT, { error: 'Error: no' }),
  runSummary('e', 'a', AT),
];

describe('buildTree', () => {
  test('puts children under their parent, in the order given', () => {
    const tree = buildTree(FAMILY);
    expect(shape(visibleNodes(tree, NONE))).toEqual(['a', '  b', '    c', '    d', '  e']);
    expect(tree.byId.get('e')).toMatchObject({ level: 2, position: 2, parent: { id: 'a' } });
  });

  test('counts the errors below each run', () => {
    const { byId } = buildTree(FAMILY);
    expect(['a', 'b', 'd', 'e'].map((id) => byId.get(id)?.errorsBelow)).toEqual([1, 1, 0, 0]);
  });

  test('puts runs whose parent has not arrived under one stand-in', () => {
    const runs = [
      runSummary('a', undefined, AT),
      runSummary('x', 'unseen', AT),
      runSummary('y', 'unseen', AT),
    ];
    const tree = buildTree(runs);
    expect(shape(visibleNodes(tree, NONE))).toEqual(['a', 'unseen', '  x', '  y']);
    expect(tree.byId.get('unseen')).toMatchObject({ standIn: 'missing', position: 2 });
  });

  test('shows runs that are parents of each other once', () => {
    const runs = [runSummary('x', 'y', AT), runSummary('y', 'x', AT), runSummary('z', 'z', AT)];
    const rows = visibleNodes(buildTree(runs), NONE);
    expect(shape(rows)).toEqual(['loop-x', '  x', '    y', 'loop-z', '  z']);
    expect(rows[0]?.standIn).toBe('loop');
  });

  test('handles a chain of 20,000 runs', () => {
    const chain = Array.from({ length: 20_000 }, (_, index) =>
      runSummary(`r${index}`, index === 0 ? undefined : `r${index - 1}`, AT),
    );
    expect(visibleNodes(buildTree(chain), NONE).at(-1)).toMatchObject({ id: 'r19999', level: 20_000 });
  });

  test('visibleNodes leaves out what is below a collapsed run', () => {
    expect(shape(visibleNodes(buildTree(FAMILY), new Set(['b'])))).toEqual(['a', '  b', '  e']);
  });
});

describe('moveByKey', () => {
  const tree = buildTree(FAMILY);
  const move = (key: string, id: string, collapsed: ReadonlySet<string> = NONE) =>
    moveByKey(key, visibleNodes(tree, collapsed), id, collapsed);

  test.each([
    ['ArrowDown', 'b', { focus: 'c' }],
    ['j', 'b', { focus: 'c' }],
    ['ArrowUp', 'b', { focus: 'a' }],
    ['k', 'b', { focus: 'a' }],
    ['ArrowUp', 'a', { focus: 'a' }],
    ['ArrowDown', 'e', { focus: 'e' }],
    ['Home', 'd', { focus: 'a' }],
    ['End', 'a', { focus: 'e' }],
    ['PageDown', 'a', { focus: 'e' }],
    ['ArrowRight', 'b', { focus: 'c' }],
    ['ArrowRight', 'c', undefined],
    ['ArrowLeft', 'b', { collapse: 'b' }],
    ['ArrowLeft', 'c', { focus: 'b' }],
    ['*', 'b', { expand: ['b', 'e'] }],
    ['x', 'b', undefined],
  ])('%s at %s: %j', (key, id, expected) => {
    expect(move(key, id)).toEqual(expected);
  });

  test('a collapsed row opens to the right, and leads to its parent to the left', () => {
    const collapsed = new Set(['b']);
    expect(move('ArrowRight', 'b', collapsed)).toEqual({ expand: ['b'] });
    expect(move('ArrowLeft', 'b', collapsed)).toEqual({ focus: 'a' });
    expect(move('ArrowDown', 'b', collapsed)).toEqual({ focus: 'e' });
  });
});

test('nextMatch wraps around, in both directions', () => {
  const rows = visibleNodes(buildTree(FAMILY), NONE);
  const isLeaf = (row: TreeNode) => row.children.length === 0;
  expect(nextMatch(rows, 'c', 1, isLeaf)?.id).toBe('d');
  expect(nextMatch(rows, 'e', 1, isLeaf)?.id).toBe('c');
  expect(nextMatch(rows, 'c', -1, isLeaf)?.id).toBe('e');
  expect(nextMatch(rows, undefined, 1, isLeaf)?.id).toBe('c');
  expect(nextMatch(rows, undefined, -1, isLeaf)?.id).toBe('e');
  expect(nextMatch(rows, 'c', 1, () => false)).toBeUndefined();
});
