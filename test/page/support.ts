import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type Collector, startCollector } from '../../src/collector/index.ts';
import { sendBatch, type WireRun } from '../collector/support.ts';

const ARGUMENTS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** Debian's, from the PATH: playwright-core brings no browser. */
function chromiumPath(): string {
  const places = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'chromium'));
  const path = places.find((place) => existsSync(place));
  if (path === undefined) throw new Error('chromium is missing; to install it: apt-get install chromium');
  return path;
}

let browser: Browser;
const problems: string[] = [];

/** Starts one Chromium for the tests of a file. A test fails if the page has an error, or asks another server. */
export function useBrowser(): void {
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: chromiumPath(), args: ARGUMENTS });
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    expect(problems.splice(0)).toEqual([]);
  });
}

/** Opens the page of a collector, at a hash if one is given. */
export async function openPage(
  collector: Collector,
  { hash = '', ...options }: BrowserContextOptions & { hash?: string } = {},
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, ...options });
  const page = await context.newPage();
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => problems.push(`dialog: ${dialog.message()}`));
  page.on('console', (message) => {
    // A collector that is gone is reported too; only a test ends one.
    if (message.type() === 'error' && !/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE/.test(message.text()))
      problems.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (origin !== collector.url && protocol !== 'data:') problems.push(`request: ${request.url()}`);
  });
  await page.goto(`${collector.url}/${hash}`);
  return page;
}

/** Opens the page at a trace, once its rows are there. */
export async function openTrace(collector: Collector, traceId: string, options: BrowserContextOptions = {}) {
  const page = await openPage(collector, { hash: `#/${traceId}`, ...options });
  await page.getByRole('treeitem').first().waitFor();
  return page;
}

/** A run, and the service that publishes it. */
export type Published = readonly [service: string, run: WireRun];

/** Sends runs as their services do, those of one service together. */
export async function publish(collector: Collector, published: readonly Published[]): Promise<void> {
  for (const service of new Set(published.map(([name]) => name))) {
    const post = published.filter(([name]) => name === service).map(([, run]) => run);
    expect(await sendBatch(collector.urlFor(service), { post })).toMatchObject({ status: 202 });
  }
}

export { startCollector };
