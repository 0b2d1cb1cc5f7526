import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Collector } from '../../src/collector/index.ts';
import { sendBatch, type WireRun, wireRun } from '../collector/support.ts';
import { openPage, openTrace, startCollector, useBrowser } from './support.ts';

useBrowser();

let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector.close());

describe('a trace of 5,000 runs', () => {
  let root: WireRun;
  beforeAll(async () => {
    root = wireRun('large');
    const runs = Array.from({ length: 4999 }, (_, index) => wireRun(`run ${index + 1}`, root, index + 1));
    await sendBatch(collector.urlFor('gateway'), { post: [root, ...runs] });
  });

  test('has only the rows in view in the document, at both ends and between', async () => {
    const page = await openTrace(collector, root.id);
    const rows = page.getByRole('treeitem');
    for (const [top, name] of [
      [0, 'run 1'],
      [80_000, 'run 2500'],
      [1e9, 'run 4999'],
    ] as const) {
      await page.locator('.waterfall .scroller').evaluate((element, to) => element.scrollTo(0, to), top);
      await rows.getByText(name, { exact: true }).waitFor();
      expect(await rows.count()).toBeLessThan(80);
    }
    expect(await rows.last().getAttribute('aria-setsize')).toBe('4999');
  });

  test('the keys lead to the last row and back, and close and open the root', async () => {
    const page = await openTrace(collector, root.id);
    const focused = page.locator('[role=treeitem]:focus');
    await page.getByRole('treeitem').first().focus();
    await page.keyboard.press('End');
    await focused.getByText('run 4999', { exact: true }).waitFor();
    await page.keyboard.press('ArrowUp');
    await focused.getByText('run 4998', { exact: true }).waitFor();
    await page.keyboard.press('ArrowLeft');
    await focused.getByText('large').waitFor();
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => focused.getAttribute('aria-expanded')).toBe('false');
    expect(await page.getByRole('treeitem').count()).toBe(1);
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => focused.getAttribute('aria-expanded')).toBe('true');
  });

  test('the search goes to a match that is far away', async () => {
    const page = await openTrace(collector, root.id);
    await page.getByRole('searchbox').fill('"run 4321"');
    await page.getByText('1 run of this trace matches.').waitFor();
    await page.getByText('1 trace', { exact: true }).waitFor();
    await page.getByRole('searchbox').press('Enter');
    await page.locator('[role=treeitem]:focus').getByText('run 4321', { exact: true }).waitFor();
  });
});

test('2,000 traces are in the list, which stays where the user looks when more come', async () => {
  const full = await startCollector();
  const runs = Array.from({ length: 2000 }, (_, index) => wireRun(`trace ${index}`, undefined, index));
  await sendBatch(full.url, { post: runs });
  const page = await openPage(full);
  await page.getByText('2,000 traces').waitFor();
  const options = page.getByRole('option');
  expect(await options.first().textContent()).toContain('trace 1999');
  expect(await options.count()).toBeLessThan(60);

  await page.keyboard.press('l');
  await page.locator('[role=option]:focus').getByText('trace 1999', { exact: true }).waitFor();
  await page.keyboard.press('End');
  await page.locator('[role=option]:focus').getByText('trace 0', { exact: true }).waitFor();
  await page.keyboard.press('ArrowUp');
  await page.locator('[role=option]:focus').getByText('trace 1', { exact: true }).waitFor();
  await sendBatch(full.url, { post: [wireRun('newest', undefined, 9999)] });
  await page.getByText('1 older not listed').waitFor();
  await page.locator('[role=option]:focus').getByText('trace 1', { exact: true }).waitFor();
  await page.context().close();
  await full.close();
});
