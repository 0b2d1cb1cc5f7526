import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Collector } from '../../src/collector/index.ts';
import { sendBatch, type WireRun, wireRun } from '../collector/support.ts';
import { openPage, openTrace, publish, startCollector, useBrowser } from './support.ts';

useBrowser();

let collector: Collector;
beforeAll(async () => {
  collector = await startCollector();
});
afterAll(() => collector.close());

/** `run`, with an end `length` milliseconds after its start. */
function lasting(run: WireRun, length: number): WireRun {
  const end = Date.parse(String(run['start_time'])) + length;
  return { ...run, end_time: new Date(end).toISOString() };
}

/** `run`, as a service reports it whose clock differs by `offset` milliseconds. */
function shifted(run: WireRun, offset: number): WireRun {
  const at = (field: string) => new Date(Date.parse(String(run[field])) + offset).toISOString();
  return { ...run, start_time: at('start_time'), end_time: at('end_time') };
}

describe('the waterfall', () => {
  test('marks a hop with the time before and after it, and says how long', async () => {
    const root = lasting(wireRun('order'), 1000);
    const child = lasting(wireRun('charge', root, 300), 400);
    await publish(collector, [
      ['gateway', root],
      ['payments', child],
    ]);
    const page = await openTrace(collector, root.id);

    const row = page.getByRole('treeitem', { name: /^charge/ });
    expect(await row.textContent()).toContain('called by gateway');
    const widthOf = async (part: string) => (await row.locator(part).boundingBox())?.width ?? 0;
    const bar = await widthOf('.bar-track');
    expect((await widthOf('.gap.before')) / bar).toBeCloseTo(300 / 400, 1);
    expect((await widthOf('.gap.after')) / bar).toBeCloseTo(300 / 400, 1);
    expect(
      await page
        .getByRole('treeitem', { name: /^order/ })
        .locator('.gap')
        .count(),
    ).toBe(0);

    await row.click();
    const hop = page.getByRole('complementary').locator('section', { hasText: 'gateway → payments' });
    expect(await hop.textContent()).toMatch(/Before300 ms.*After300 ms.*Network and queues/);
  });

  test('says that clocks differ, and draws the bars as reported', async () => {
    const root = lasting(wireRun('order'), 1000);
    const child = shifted(lasting(wireRun('charge', root, 100), 200), -150);
    await publish(collector, [
      ['gateway', root],
      ['payments', child],
    ]);
    const page = await openTrace(collector, root.id);

    const text = 'The clock of payments is at least 50 ms behind that of its caller gateway.';
    await page.locator('.trace-header').getByText(text).waitFor();
    const bars = page.locator('.bar-track');
    const [rootBar, childBar] = [await bars.nth(0).boundingBox(), await bars.nth(1).boundingBox()];
    expect(childBar?.x).toBeLessThan(rootBar?.x ?? 0);
  });

  test('has a row for a caller that has not been seen', async () => {
    const root = wireRun('order');
    const unseen = wireRun('not sent', root, 1);
    await publish(collector, [
      ['gateway', root],
      ['mail', wireRun('orphan', unseen, 2)],
    ]);
    const page = await openTrace(collector, root.id);

    expect(await page.getByRole('treeitem').allTextContents()).toEqual([
      expect.stringContaining('order'),
      expect.stringContaining(`Caller not seen${unseen.id}`),
      expect.stringContaining('orphan'),
    ]);
    await page.getByText('A caller has not been seen').waitFor();
  });

  test('grows while a run is active, and shows how it ended', async () => {
    const start = new Date().toISOString();
    const whole = { ...wireRun('order'), start_time: start };
    const { end_time: _end, ...open }: Record<string, unknown> = whole;
    await sendBatch(collector.urlFor('gateway'), { post: [open] });
    const page = await openTrace(collector, whole.id);
    const row = page.getByRole('treeitem', { name: /^order/ });
    await row.getByText('running').waitFor();
    expect(await row.locator('.bar-track.open').count()).toBe(1);

    const end = new Date(Date.parse(start) + 2500).toISOString();
    await sendBatch(collector.urlFor('gateway'), {
      patch: [{ ...whole, end_time: end, error: 'Error: late' }],
    });
    await row.getByText('2.50 s').waitFor();
    await row.getByText('Error: late').waitFor();
  });
});

test('the page says when the collector is gone', async () => {
  const ended = await startCollector();
  const page = await openPage(ended);
  await page.getByText('Live', { exact: true }).waitFor();
  await ended.close();
  await page.getByText('Not connected').waitFor();
});

describe('the content of a run', () => {
  const HTML = '<img src=x onerror="alert(1)"><script>alert(2)</script>';

  test('is shown as text everywhere', async () => {
    const root: WireRun = {
      ...wireRun(HTML),
      run_type: HTML,
      session_name: HTML,
      error: `${HTML}\n${HTML}`,
      inputs: { [HTML]: HTML, html: { __html: HTML } },
      outputs: { type: 'b', props: { dangerouslySetInnerHTML: { __html: HTML } }, key: null, ref: null },
      tags: [HTML, 'javascript:alert(3)'],
      extra: { metadata: { [HTML]: HTML } },
      events: [{ name: HTML }],
    };
    await publish(collector, [[HTML, root]]);
    const page = await openPage(collector);
    const violations: string[] = [];
    await page.exposeFunction('report', (text: string) => violations.push(text));
    await page.evaluate(
      "document.addEventListener('securitypolicyviolation', (event) => report(event.violatedDirective))",
    );
    await page.getByRole('option').filter({ hasText: '<img' }).click();
    await page.getByRole('treeitem').first().click();
    const drawer = page.getByRole('complementary');
    await drawer.getByText(JSON.stringify(HTML)).first().waitFor();
    await drawer.getByRole('heading', { name: 'Events' }).waitFor();

    expect(await page.locator('img, iframe, a, b, object').count()).toBe(0);
    expect(await page.locator('script').count()).toBe(1);
    expect(violations).toEqual([]);
  });

  test('is not shown in full where it is very long, but can be copied', async () => {
    const inputs = { text: 'x'.repeat(3_000_000) };
    const root = { ...wireRun('long'), inputs };
    await publish(collector, [['gateway', root]]);
    const page = await openTrace(collector, root.id, { permissions: ['clipboard-read', 'clipboard-write'] });
    await page.getByRole('treeitem').first().click();
    await page.getByText(/^2,950,\d{3} more characters are not shown/).waitFor();
    await page.getByRole('button', { name: 'Copy inputs' }).click();
    const copied = 'navigator.clipboard.readText().then((text) => text.length)';
    await expect.poll(() => page.evaluate(copied)).toBe(JSON.stringify(inputs, null, 2).length);
  });
});
