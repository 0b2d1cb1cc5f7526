// What the agent is measured beside, and what measures it: installed into .cache/bench, outside of the package's own
// dependencies. The newest versions that run on Node 20 and 24 alike.
import { join } from 'node:path';
import { installOnce } from '../scripts/install.mjs';
import { root } from '../scripts/nodes.mjs';

const PEERS = {
  otel: {
    '@opentelemetry/api': '1.9.1',
    '@opentelemetry/instrumentation': '0.223.0',
    '@opentelemetry/instrumentation-http': '0.223.0',
    '@opentelemetry/instrumentation-undici': '0.33.0',
    '@opentelemetry/sdk-trace-node': '2.12.0',
  },
  'otel-auto': {
    '@opentelemetry/api': '1.9.1',
    '@opentelemetry/auto-instrumentations-node': '0.81.2',
  },
  'dd-trace': { 'dd-trace': '5.132.0' },
  sentry: { '@sentry/node': '11.12.0' },
  tools: { mitata: '1.0.34' },
};

/** What the table names: the part of each group that gives it its version. */
const NAMED = [
  ['otel', '@opentelemetry/instrumentation-http'],
  ['otel', '@opentelemetry/instrumentation-undici'],
  ['otel-auto', '@opentelemetry/auto-instrumentations-node'],
  ['dd-trace', 'dd-trace'],
  ['sentry', '@sentry/node'],
];

/** The folder of a group. */
export function peer(group) {
  return join(root, '.cache', 'bench', group);
}

/**
 * Installs the groups that are not there yet.
 *
 * @returns {string | undefined} why one cannot be had
 */
export function installPeers(groups) {
  for (const group of groups) {
    const specs = Object.entries(PEERS[group]).map(([name, version]) => `${name}@${version}`);
    if (!installOnce(peer(group), specs))
      return `npm could not install ${specs.join(' ')}; see its error above`;
  }
  return undefined;
}

/** The versions of these groups, by package. */
export function peerVersions(groups) {
  const named = NAMED.filter(([group]) => groups.includes(group));
  return Object.fromEntries(named.map(([group, name]) => [name, PEERS[group][name]]));
}
