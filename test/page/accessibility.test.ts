import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Collector } from '../../src/collector/index.ts';
import { wireRun } from '../collector/support.ts';
import { openPage, openTrace, publish, startCollector, useBrowser } from './support.ts';

useBrowser();

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let collector: Collector;
const root = { ...wireRun('order'), error: 'Error: out of stock', tags: ['web'], inputs: { quantity: 3 } };

beforeAll(async () => {
  collector = await startCollector();
  const early = { ...wireRun('charge', root, 10), start_time: '2026-01-31T11:59:59Z' };
  const orphan = wireRun('orphan', wireRun('unseen', root, 1), 2);
  const colors = Array.from({ length: 8 }, (_, index) => wireRun(`step ${index}`, root, 20 + index));
  await publish(collector, [
    ['gateway', root],
    ['payments', early],
    ['mail', orphan],
    ...colors.map((run, index) => [`service-${index}`, run] as const),
  ]);
});
afterAll(() => collector.close());

/** The rules of axe-core that the page breaks, and where. */
async function brokenRules(page: Page): Promise<string[]> {
  // Animations move colours for a moment.
  await page.waitForFunction(
    'document.getAnimations().every((animation) => animation.playState === "finished")',
  );
  // By the debugger's own evaluation, which the page's policy does not bind.
  await page.evaluate(`${axe}; undefined`);
  const violations = (await page.evaluate(
    'axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]))',
  )) as [string, string[]][];
  return violations.map(([id, nodes]) => `${id}: ${nodes.slice(0, 3).join(' ')}`);
}

describe.each(['light', 'dark'] as const)('in the %s scheme', (colorScheme) => {
  test('axe-core finds nothing in the list, a trace, a run, a search, and the help', async () => {
    const page = await openPage(collector, { colorScheme });
    await page.getByRole('option').first().waitFor();
    expect(await brokenRules(page)).toEqual([]);

    await page.getByRole('option').first().click();
    await page.getByRole('treeitem').first().waitFor();
    expect(await brokenRules(page)).toEqual([]);

    await page.getByRole('treeitem', { name: /^order/ }).click();
    await page.getByRole('heading', { name: 'Identity' }).waitFor();
    expect(await brokenRules(page)).toEqual([]);

    await page.getByRole('searchbox').fill('service:payments');
    await page.getByText('1 run of this trace matches.').waitFor();
    expect(await brokenRules(page)).toEqual([]);

    await page.getByRole('button', { name: 'Keyboard' }).click();
    await page.getByRole('dialog').waitFor();
    expect(await brokenRules(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  test('axe-core finds nothing on a narrow screen, and on an empty page', async () => {
    const narrow = { colorScheme, viewport: { width: 380, height: 700 } };
    const page = await openTrace(collector, root.id, narrow);
    expect(await brokenRules(page)).toEqual([]);
    const empty = await startCollector();
    const waiting = await openPage(empty, { colorScheme });
    await waiting.getByText('Waiting for the first trace').waitFor();
    expect(await brokenRules(waiting)).toEqual([]);
    await waiting.context().close();
    await empty.close();
  });
});

test('light and dark have other colours', async () => {
  const backgrounds = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await openPage(collector, { colorScheme });
    backgrounds.push(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
  }
  expect(backgrounds).toEqual(['rgb(255, 255, 255)', 'rgb(16, 18, 23)']);
});

test('nothing moves for users who want reduced motion', async () => {
  const animations = [];
  for (const reducedMotion of ['no-preference', 'reduce'] as const) {
    const page = await openPage(collector, { reducedMotion });
    await page.getByRole('option').first().waitFor();
    const row = "document.querySelector('[role=option]')";
    await page.evaluate(`${row}.classList.add('fresh')`);
    animations.push(await page.evaluate(`getComputedStyle(${row}).animationName`));
  }
  expect(animations).toEqual(['arrive', 'none']);
});

test('a narrow screen shows the list or the trace, and nothing wider than itself', async () => {
  const page = await openPage(collector, { viewport: { width: 360, height: 640 } });
  const list = page.getByRole('navigation', { name: 'Traces' });
  const tree = page.getByRole('tree');
  await page.getByRole('option').first().click();
  await tree.waitFor();
  expect(await list.isVisible()).toBe(false);
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);

  await page.getByRole('treeitem').first().click();
  await page.getByRole('complementary').waitFor();
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  await page.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Back to the list' }).click();
  await list.waitFor();
  expect(await tree.count()).toBe(0);
});

test('rows are a tree for assistive technology: level, position, size, state', async () => {
  const page = await openTrace(collector, root.id);
  const attributes = await page
    .getByRole('treeitem')
    .evaluateAll((rows) =>
      rows
        .slice(0, 2)
        .map((row) =>
          ['level', 'posinset', 'setsize', 'expanded'].map((name) => row.getAttribute(`aria-${name}`)),
        ),
    );
  expect(attributes).toEqual([
    ['1', '1', '2', 'true'],
    ['2', '1', '9', null],
  ]);
  expect(await page.locator('[role=treeitem][tabindex="0"]').count()).toBe(1);
});
