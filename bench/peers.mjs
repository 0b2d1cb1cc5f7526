// Installs the packages that the agent is measured beside, and the measuring tools, into .cache/bench. They are not
// dependencies of the package. Their versions are the newest that run on both Node 20 and Node 24.
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

/** The packages that the table names: the package of each group whose version represents the group. */
const NAMED = [
  ['otel', '@opentelemetry/instrumentation-http'],
  ['otel', '@opentelemetry/instrumentation-undici'],
  ['otel-auto', '@opentelemetry/auto-instrumentations-node'],
  ['dd-trace', 'dd-trace'],
  ['sentry', '@sentry/node'],
];

/** Returns the folder of a group. */
export function peer(group) {
  return join(root, '.cache', 'bench', group);
}

/**
 * Installs the groups that are not installed yet.
 *
 * @returns {string | undefined} the reason if one cannot be installed
 */
export function installPeers(groups) {
  for (const group of groups) {
    const specs = Object.entries(PEERS[group]).map(([name, version]) => `${name}@${version}`);
    if (!installOnce(peer(group), specs))
      return `npm could not install ${specs.join(' ')}; see its error above`;
  }
  return undefined;
}

/** Returns the versions of these groups, by package. */
export function peerVersions(groups) {
  const named = NAMED.filter(([group]) => groups.includes(group));
  return Object.fromEntries(named.map(([group, name]) => [name, PEERS[group][name]]));
}
