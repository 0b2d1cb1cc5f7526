// Takes the picture of the trace page at the top of the README. It shows a failed order of the demo.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readArguments } from './arguments.mjs';
import { root } from './nodes.mjs';
import { endWith, requireTools } from './tools.mjs';

const SCRIPT = 'page:picture';
const MAX_BYTES = 200_000;

const { values } = readArguments(SCRIPT, {
  scheme: { type: 'string', default: 'light' },
  output: { type: 'string', default: join(root, 'docs', 'trace-page.png') },
});
requireTools(SCRIPT, ['chromium']);
// These modules take long to load, so they are imported after the arguments were checked.
const { startCollector } = await import('../dist/collector.js');
const { orders } = await import('../fixtures/demo/orders.mjs');
const { runShop } = await import('../fixtures/demo/shop.mjs');
const { chromium } = await import('playwright-core');

const collector = await startCollector();
await runShop({ agent: true, orders, collector });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium' });
const page = await browser.newPage({
  viewport: { width: 1280, height: 540 },
  colorScheme: values.scheme,
  reducedMotion: 'reduce',
  deviceScaleFactor: 1.25,
});
await page.goto(`${collector.url}/`);
await page.getByRole('option').filter({ hasText: 'A-1013' }).click();
await page.getByRole('treeitem', { name: /^reserve-stock/ }).click();
await page.getByRole('heading', { name: 'Identity' }).waitFor();
await page.mouse.move(0, 0);
const picture = await page.screenshot();
await browser.close();
await collector.close();
if (picture.length > MAX_BYTES)
  endWith(SCRIPT, `the picture has ${picture.length} bytes, more than ${MAX_BYTES}`);
await writeFile(values.output, picture);
console.log(`${values.output}: ${picture.length} bytes`);
