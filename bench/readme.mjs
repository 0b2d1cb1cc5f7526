/**
 * The part of README.md that tells what the agent costs, from the results of a whole run. A whole run writes it; so does
 * `node bench/readme.mjs`, from docs/bench.json.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../scripts/nodes.mjs';
import { table } from './markdown.mjs';
import { summarize } from './statistics.mjs';

const MIB = 2 ** 20;

/** A line of the table: its label, what is started and what serves requests. */
const LINES = [
  ['bare Node again: the noise', 'bare again', 'bare again'],
  ['the floor: both headers copied by hand', undefined, 'floor'],
  ['the agent, a request with no trace', undefined, 'agent, no trace'],
  ['the same, where requests before had one', undefined, 'agent, no trace now'],
  ['the floor, there', undefined, 'floor, no trace now'],
  ['the agent, a trace passed on', 'agent, import', 'agent, relay'],
  ['the same, by `--require`', 'agent, require', undefined],
  ['the agent, with runs', undefined, 'agent, runs'],
  ['LangSmith SDK by hand, tracing off', 'langsmith', 'sdk'],
  ['LangSmith SDK by hand, with runs', undefined, 'sdk, runs'],
  ['OpenTelemetry, http and undici', 'otel', 'otel'],
  ['OpenTelemetry, auto-instrumentation', 'otel-auto', 'otel-auto'],
  ['dd-trace', 'dd-trace', 'dd-trace'],
  ['Sentry', 'sentry', 'sentry'],
];
const CLIENTS = { none: 'server only', http: 'http', fetch: 'fetch', axios: 'axios' };

/** @returns {string} Markdown */
export function formatCosts({ measured, budgets }) {
  const nodes = Object.keys(measured);
  const each = (cell) => nodes.map((node) => cell(measured[node])).join(' / ');
  const started = (name, key, unit, digits) =>
    name === undefined
      ? ''
      : each(({ startup }) => (summarize([startup.empty[name][key].over]).median / unit).toFixed(digits));
  const served = (name, client) =>
    name === undefined ? '' : each(({ hop }) => summarize(hop.clients[client][name].ratio).median.toFixed(2));
  const head = [`Node ${nodes.join(' / ')}`, 'start-up, ms', 'memory, MiB', ...Object.values(CLIENTS)];
  const lines = LINES.map(([label, start, server]) => [
    label,
    started(start, 'cpu', 1, 0),
    started(start, 'rss', MIB, 1),
    ...Object.keys(CLIENTS).map((client) => served(server, client)),
  ]);
  const judged = [...new Set(budgets.map(({ budget }) => budget))].map((name) => {
    const verdicts = nodes.map(
      (node) => budgets.find(({ budget, node: on }) => budget === name && on === node)?.verdict ?? '',
    );
    return [name, budgets.find(({ budget }) => budget === name)?.limit ?? '', ...verdicts];
  });
  return [
    table(head, lines),
    table(['the budget', 'at most', ...nodes.map((node) => `Node ${node}`)], judged),
  ].join('\n\n');
}

export function writeReadme(results) {
  const path = join(root, 'README.md');
  const text = readFileSync(path, 'utf8').replace(
    /(<!-- costs -->\n)[\s\S]*(<!-- \/costs -->)/,
    (_, begin, end) => `${begin}\n${formatCosts(results)}\n\n${end}`,
  );
  writeFileSync(path, text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeReadme(JSON.parse(readFileSync(join(root, 'docs', 'bench.json'), 'utf8')));
}
