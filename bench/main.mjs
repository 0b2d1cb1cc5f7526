/**
 * Measures what the agent and its peers cost, in one interleaved run.
 *
 *   npm run bench                                all, on Node 20 and 24: writes docs/bench.md, .svg and .json, and
 *                                                the tables of docs/performance.md and README.md
 *   npm run bench -- --quick                     every variant, in three minutes
 *   npm run bench -- --only startup,hop          of startup, hop and growth
 *   npm run bench -- --node 20,24 --out dir      other Node versions; writes there
 *
 * A partial run and --quick write into .cache/bench/results unless --out names a folder. The exit code is 1 if a variant
 * does not send the expected headers. A budget that is not met is reported, but does not fail the run.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readArguments, readList } from '../scripts/arguments.mjs';
import { installNodes, binary as nodeBinary, root, SUPPORTED } from '../scripts/nodes.mjs';
import { endWith } from '../scripts/tools.mjs';
import { judge } from './budgets.mjs';
import { kept } from './burst.mjs';
import { drawChart } from './chart.mjs';
import { measureGrowth } from './growth.mjs';
import { measureHop } from './hop.mjs';
import { describeMachine, reasonNotToMeasure } from './machine.mjs';
import { installPeers, peerVersions } from './peers.mjs';
import { FULL, QUICK, TINY } from './plans.mjs';
import { createProgress } from './progress.mjs';
import { writeDocuments } from './readme.mjs';
import { formatMarkdown } from './report.mjs';
import { measureStartup } from './startup.mjs';
import { SERVERS, STARTS } from './variants.mjs';

const PARTS = { startup: measureStartup, hop: measureHop, growth: measureGrowth };

const { values } = readArguments('bench', {
  quick: { type: 'boolean', default: false },
  // For the tests: checks that the bench works. Its numbers mean nothing.
  tiny: { type: 'boolean', default: false },
  only: { type: 'string', default: Object.keys(PARTS).join(',') },
  node: { type: 'string' },
  out: { type: 'string' },
});
const parts = readList('bench', values.only, Object.keys(PARTS));
const plan = values.tiny ? TINY : values.quick ? QUICK : FULL;
const majors =
  values.node === undefined
    ? plan.nodes
    : readList('bench', values.node, ['running', ...Object.keys(SUPPORTED)]);
const reason = reasonNotToMeasure();
if (reason !== undefined) endWith('bench', reason);
const nodes = majors.map(nodeNamed);
const groups = groupsOf(parts);
const notInstalled = installPeers(groups);
if (notInstalled !== undefined) endWith('bench', notInstalled);

const progress = createProgress();
const begun = performance.now();
const results = {
  date: new Date().toISOString().slice(0, 10),
  machine: describeMachine(),
  nodes: nodes.map(({ major, version }) => ({ major, version })),
  peers: { ...peerVersions(groups), langsmith: versionOf('langsmith') },
  clients: Object.fromEntries(['undici', 'axios', 'got', 'express'].map((name) => [name, versionOf(name)])),
  plan,
  measured: {},
};
for (const node of nodes) {
  results.measured[node.major] = {};
  for (const part of parts) {
    results.measured[node.major][part] = await PARTS[part](node, plan[part], progress);
  }
}
progress.end();
results.minutes = Number(((performance.now() - begun) / 60_000).toFixed(1));
results.bursts = kept;
results.budgets = judge(results);

const document = formatMarkdown(results);
console.log(document);
write(document);

function write(markdown) {
  const isWhole = plan === FULL && values.node === undefined && parts.length === Object.keys(PARTS).length;
  const directory = resolve(
    values.out ?? (isWhole ? join(root, 'docs') : join(root, '.cache', 'bench', 'results')),
  );
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'bench.json'), `${JSON.stringify(results)}\n`);
  writeFileSync(join(directory, 'bench.md'), markdown);
  writeFileSync(join(directory, 'bench.svg'), drawChart(results));
  if (isWhole && values.out === undefined) writeDocuments(results);
  console.error(`written to ${directory}: bench.md, bench.svg, bench.json`);
}

/** Returns the peers that the variants of these parts need. */
function groupsOf(wanted) {
  const variants = [
    ...(wanted.includes('startup') ? chosen(STARTS, plan.startup) : []),
    ...(wanted.includes('hop') ? chosen(SERVERS, plan.hop) : []),
  ];
  return [...new Set(variants.map(({ group }) => group).filter((group) => group !== undefined))];
}

function chosen(variants, { variants: names }) {
  return variants.filter(({ name }) => names === undefined || names.includes(name));
}

function nodeNamed(major) {
  if (major === 'running') {
    const { node } = process.versions;
    return { major: node.split('.')[0], version: node, binary: process.execPath };
  }
  const missing = installNodes([major]);
  if (missing !== undefined) endWith('bench', missing);
  const binary = nodeBinary(major);
  const version = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim().slice(1);
  return { major, version, binary };
}

function versionOf(name) {
  return JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
}
