import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Collector } from '../../src/collector/index.ts';
import { openPage, startCollector, useBrowser } from './support.ts';

useBrowser();

let collector: Collector;
/** Runs the demo's services against the collector. */
let runDemo: () => Promise<unknown>;

beforeAll(async () => {
  collector = await startCollector();
  const [{ runShop }, { orders }] = await Promise.all([
    import('../../fixtures/demo/shop.mjs' as string),
    import('../../fixtures/demo/orders.mjs' as string),
  ]);
  runDemo = () => runShop({ agent: true, orders, collector });
});
afterAll(() => collector.close());

describe('the traces of the demo', () => {
  test('arrive while the page is open, newest first, with their errors counted', async () => {
    const page = await openPage(collector);
    await page.getByText('Waiting for the first trace').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    expect(await page.getByRole('main').textContent()).toContain(`${collector.url}/my-service`);

    await runDemo();
    const list = page.getByRole('navigation', { name: 'Traces' });
    await list.getByText('14 traces').waitFor();
    await list.getByText('2 with errors').waitFor();
    const times = await list.locator('time').allTextContents();
    expect(times).toEqual([...times].sort().reverse());
    expect(times.length).toBeGreaterThan(7);
  });

  test('the failed order is found and read by keyboard alone', async () => {
    const page = await openPage(collector);
    await page.getByText('14 traces').waitFor();

    await page.keyboard.press('/');
    await page.keyboard.type('A-1013 error');
    await page.getByText('1 of 14 traces').waitFor();
    await page.keyboard.press('Enter');
    const focused = page.locator('[role=treeitem]:focus');
    await focused.getByText('place-order').waitFor();
    await page.keyboard.press('e');
    await focused.getByText('reserve-stock').waitFor();
    await page.keyboard.press('Enter');

    const drawer = page.getByRole('complementary', { name: 'Run reserve-stock' });
    await drawer.getByText('NotReservable: out of stock: 500 x POT-IRON').waitFor();
    const titles = await drawer.getByRole('heading', { level: 4 }).allTextContents();
    expect(titles).toEqual(['Error', 'gateway → inventory', 'Inputs', 'Metadata', 'Identity']);
    await drawer.getByText('"A-1013"').first().waitFor();

    // The next row is shown by the arrows alone, and Escape leaves the focus where it was.
    await page.keyboard.press('ArrowDown');
    await page.getByRole('complementary', { name: 'Run lookup-sku' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('complementary').waitFor({ state: 'detached' });
    await focused.getByText('lookup-sku').waitFor();
  });

  test('the URL names the run, also in another window', async () => {
    const first = await openPage(collector);
    await first.getByRole('option').filter({ hasText: 'A-1014' }).click();
    await first.getByRole('treeitem', { name: /^reserve-stock/ }).click();
    await first.getByRole('complementary', { name: 'Run reserve-stock' }).waitFor();

    const { hash } = new URL(first.url());
    const second = await openPage(collector, { hash });
    await second.getByRole('complementary', { name: 'Run reserve-stock' }).waitFor();
    await second.getByRole('option', { selected: true }).filter({ hasText: 'A-1014' }).waitFor();

    await first.getByRole('option').filter({ hasText: 'A-1013' }).click();
    await first.getByRole('complementary').waitFor({ state: 'detached' });
    await first.goBack();
    await first.getByRole('complementary', { name: 'Run reserve-stock' }).waitFor();
    expect(new URL(first.url()).hash).toBe(hash);
  });

  test('ids are copied as they are', async () => {
    const page = await openPage(collector, { permissions: ['clipboard-read', 'clipboard-write'] });
    await page.getByRole('option').filter({ hasText: 'A-1002' }).click();
    await page.getByRole('treeitem', { name: /^reserve-stock/ }).click();
    const [run] = collector.runs().filter((candidate) => {
      const { orderId } = candidate.inputs as { orderId: string };
      return candidate.name === 'reserve-stock' && orderId === 'A-1002';
    });
    for (const [name, text] of [
      ['Copy trace id', run?.traceId],
      ['Copy run id', run?.id],
      ['Copy dotted order', run?.dottedOrder],
    ] as const) {
      await page.getByRole('button', { name }).last().click();
      await expect.poll(() => page.evaluate('navigator.clipboard.readText()')).toBe(text);
    }
  });

  test('the search finds by service, duration and text, and dims other runs', async () => {
    const page = await openPage(collector);
    await page.getByRole('option').filter({ hasText: 'A-1002' }).click();
    await page.getByRole('treeitem').first().waitFor();
    const search = page.getByRole('searchbox');
    const plain = () => page.locator('[role=treeitem]:not(.dimmed)').allTextContents();

    await search.fill('service:inv');
    await page.getByText('1 run of this trace matches').waitFor();
    expect((await plain()).map((text) => text.includes('reserve-stock'))).toEqual([true]);
    await search.fill('lookup-sku');
    await page.getByText('2 runs of this trace match').waitFor();
    expect(await plain()).toHaveLength(2);
    await search.fill('>1h <1ms');
    await page.getByText('0 of 14 traces').waitFor();
    await page.getByRole('button', { name: 'gateway' }).click();
    await expect.poll(() => search.inputValue()).toBe('service:gateway');
    await search.press('Escape');
    await expect.poll(() => search.inputValue()).toBe('');
  });
});
