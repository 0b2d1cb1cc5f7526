// Installs libraries that the conformance tests run beside the agent into .cache/peers, outside of the package's
// own dependencies: many versions of one, and agents and tools that few need. `node scripts/peers.mjs` does it.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments } from './arguments.mjs';
import { installOnce } from './install.mjs';
import { root } from './nodes.mjs';

const directory = join(root, '.cache', 'peers');

/** Alias and what it stands for. A group is one installation; a peer that fails takes its group along, no other. */
const GROUPS = {
  undici: {
    undici5: 'undici@5',
    // The one release whose requests have no `addHeader`.
    'undici6.11': 'undici@6.11.0',
    undici6: 'undici@6',
    undici7: 'undici@7',
    undici8: 'undici@8',
  },
  clients: {
    got13: 'got@13',
    ky1: 'ky@1',
    ky2: 'ky@2',
    'node-fetch2': 'node-fetch@2',
    'node-fetch3': 'node-fetch@3',
    superagent: 'superagent@10',
    ws: 'ws@8',
  },
  queues: {
    agentkeepalive: 'agentkeepalive@4',
    'http-proxy-agent': 'http-proxy-agent@7',
    'https-proxy-agent': 'https-proxy-agent@7',
    'proxy-agent': 'proxy-agent@6',
    tunnel: 'tunnel@0.0.6',
  },
  // The newest need Node 22, and for Sentry 20.19: those before them run from 18 on.
  'agents-22': {
    'otel-api': '@opentelemetry/api@1',
    otel: '@opentelemetry/auto-instrumentations-node@0.82',
    'dd-trace': 'dd-trace@6',
    sentry: '@sentry/node@11',
  },
  'agents-18': {
    'otel-api': '@opentelemetry/api@1',
    otel: '@opentelemetry/auto-instrumentations-node@0.60',
    'dd-trace': 'dd-trace@5',
    sentry: '@sentry/node@9',
  },
  tools: { tsx: 'tsx@4' },
  pnpm: { pnpm: 'pnpm@10' },
  yarn: { yarn: '@yarnpkg/cli-dist@4' },
};

/**
 * Installs what is not there yet.
 *
 * @returns {string[]} the groups that cannot be had
 */
export function installPeers() {
  return Object.keys(GROUPS).filter((group) => !installGroup(group));
}

function installGroup(group) {
  const specs = Object.entries(GROUPS[group]).map(([alias, spec]) => `${alias}@npm:${spec}`);
  return installOnce(join(directory, group), specs);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  readArguments('peers');
  const missing = installPeers();
  for (const group of missing) console.error(`cannot be installed from npm: ${group}`);
  process.exitCode = missing.length === 0 ? 0 : 1;
}
