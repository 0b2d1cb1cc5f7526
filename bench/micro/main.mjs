/**
 * Measures what one call of each hot function costs, beside the SDK's equivalent.
 *
 *   npm run bench:micro                 on this Node
 *   npm run bench:micro -- --node 24    on another
 *   npm run bench:micro -- --only read,request
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';
import { readArguments, readList } from '../../scripts/arguments.mjs';
import { installNodes, binary as nodeBinary, root, SUPPORTED } from '../../scripts/nodes.mjs';
import { endWith } from '../../scripts/tools.mjs';
import { installPeers, peer } from '../peers.mjs';

const { values } = readArguments('bench:micro', {
  node: { type: 'string' },
  only: { type: 'string', default: '' },
});
if (values.node !== undefined) readList('bench:micro', values.node, Object.keys(SUPPORTED));
const reason =
  installPeers(['tools']) ?? (values.node === undefined ? undefined : installNodes([values.node]));
if (reason !== undefined) endWith('bench:micro', reason);

// The bundle is built like the preload: CommonJS, with the names of the sources.
const bundle = join(peer('tools'), 'functions.cjs');
await build({
  absWorkingDir: root,
  entryPoints: ['bench/micro/functions.ts'],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['langsmith'],
  define: { __VERSION__: '"bench"' },
  logLevel: 'warning',
});
const mitata = join(peer('tools'), 'node_modules', 'mitata', 'src', 'lib.mjs');
const node = values.node === undefined ? process.execPath : nodeBinary(values.node);
// The young generation is large enough that it is not collected while allocations are counted.
const options = ['--expose-gc', '--max-semi-space-size=256', '--min-semi-space-size=256'];
const args = [...options, join(root, 'bench', 'micro', 'measure.mjs'), bundle, mitata, values.only];
process.exitCode = spawnSync(node, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
