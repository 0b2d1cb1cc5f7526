// Installs libraries that the conformance tests run beside the agent into .cache/peers (`node scripts/peers.mjs`).
// They are not dependencies of the package, because one library is needed in many versions, and few users need the
// agents and tools.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readArguments } from './arguments.mjs';
import { installOnce } from './install.mjs';
import { root } from './nodes.mjs';

const directory = join(root, '.cache', 'peers');

/**
 * Maps aliases to npm specs. Each group is one installation. A peer that cannot be installed affects only its group.
 */
const GROUPS = {
  undici: {
    undici5: 'undici@5',
    // The only release whose requests have no `addHeader`.
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
  // The newest versions need Node 22, and Sentry's needs 20.19. The previous versions run on Node 18 and later.
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
 * Installs the groups that are not installed yet.
 *
 * @returns {string[]} the groups that cannot be installed
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
