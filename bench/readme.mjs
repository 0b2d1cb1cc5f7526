/**
 * Formats the cost tables of docs/performance.md and README.md from the results of a whole run. A whole run writes
 * them, and so does `node bench/readme.mjs`, from docs/bench.json.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../scripts/nodes.mjs';
import { table } from './markdown.mjs';
import { summarize } from './statistics.mjs';

const MIB = 2 ** 20;

/** The lines of the table: the label, the variant that is started, and the variant that serves requests. */
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

/** The lines of the README's table, which is shorter and shows the newest Node.js of the run. */
const SUMMARY_LINES = [
  ['this agent', 'agent, require', 'agent, relay'],
  ['LangSmith SDK by hand, tracing off', 'langsmith', 'sdk'],
  ['OpenTelemetry, auto-instrumentation', 'otel-auto', 'otel-auto'],
  ['dd-trace', 'dd-trace', 'dd-trace'],
  ['Sentry', 'sentry', 'sentry'],
];

const started = ({ startup }, name, key, unit, digits) =>
  (summarize([startup.empty[name][key].over]).median / unit).toFixed(digits);
const served = ({ hop }, name, client) => summarize(hop.clients[client][name].ratio).median.toFixed(2);

/** @returns {string} Markdown */
export function formatCosts({ measured, budgets }) {
  const nodes = Object.keys(measured);
  const each = (name, cell) =>
    name === undefined ? '' : nodes.map((node) => cell(measured[node])).join(' / ');
  const head = [`Node ${nodes.join(' / ')}`, 'start-up, ms', 'memory, MiB', ...Object.values(CLIENTS)];
  const lines = LINES.map(([label, start, server]) => [
    label,
    each(start, (of) => started(of, start, 'cpu', 1, 0)),
    each(start, (of) => started(of, start, 'rss', MIB, 1)),
    ...Object.keys(CLIENTS).map((client) => each(server, (of) => served(of, server, client))),
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

/** @returns {string} Markdown */
export function formatSummary({ measured }) {
  const of = Object.values(measured).at(-1);
  const head = ['', 'start-up', 'memory', 'a request through http', 'through fetch'];
  const lines = SUMMARY_LINES.map(([label, start, server]) => [
    label,
    `${started(of, start, 'cpu', 1, 0)} ms`,
    `${started(of, start, 'rss', MIB, 1)} MiB`,
    `${served(of, server, 'http')} times`,
    `${served(of, server, 'fetch')} times`,
  ]);
  return table(head, lines);
}

export function writeDocuments(results) {
  write('docs/performance.md', formatCosts(results));
  write('README.md', formatSummary(results));
}

function write(document, tables) {
  const path = join(root, document);
  const text = readFileSync(path, 'utf8').replace(
    /(<!-- costs -->\n)[\s\S]*(<!-- \/costs -->)/,
    (_, begin, end) => `${begin}\n${tables}\n\n${end}`,
  );
  writeFileSync(path, text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeDocuments(JSON.parse(readFileSync(join(root, 'docs', 'bench.json'), 'utf8')));
}
