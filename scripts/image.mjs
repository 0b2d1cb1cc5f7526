/**
 * Builds the image without an engine, from deploy/image/Dockerfile: `npm run image`. It needs Debian's umoci, skopeo and
 * busybox-static. It writes an OCI layout with one tag for each architecture, and an archive for `docker load` for
 * each architecture. The same input gives the same digest. SOURCE_DATE_EPOCH is the time of all files, by default 0.
 *
 *   npm run image -- --architecture amd64,arm64 --output some/folder
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readArguments, readList } from './arguments.mjs';
import { parseDockerfile } from './dockerfile.mjs';
import { stageImage } from './image-files.mjs';
import { root } from './nodes.mjs';
import { staticBusybox, toolsFor } from './static-busybox.mjs';
import { requireTools } from './tools.mjs';

const { values } = readArguments('image', {
  architecture: { type: 'string', default: process.arch === 'arm64' ? 'arm64' : 'amd64' },
  output: { type: 'string', default: join(root, 'dist', 'image') },
});
const architectures = readList('image', values.architecture, ['amd64', 'arm64']);
requireTools('image', ['umoci', 'skopeo', 'tar', ...architectures.flatMap(toolsFor)]);
const epoch = Number(process.env['SOURCE_DATE_EPOCH'] || 0);
const created = new Date(epoch * 1000).toISOString().replace('.000Z', 'Z');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const dockerfile = parseDockerfile(readFileSync(join(root, 'deploy', 'image', 'Dockerfile'), 'utf8'));

const output = resolve(values.output);
const context = join(output, 'context');
const layout = join(output, 'oci');
const scratch = mkdtempSync(join(tmpdir(), 'trace-agent-image-'));
try {
  stageImage(context);
  rmSync(layout, { recursive: true, force: true });
  run('umoci', ['init', '--layout', layout]);
  for (const architecture of architectures) build(architecture);
  run('umoci', ['gc', '--layout', layout]);
} catch (error) {
  // A command that failed has printed the reason on stderr.
  if (error.status === undefined) throw error;
  console.error(`image: ${error.message.split('\n')[0]}`);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

function build(architecture) {
  const tag = `${version}-${architecture}`;
  const image = `${layout}:${tag}`;
  run('umoci', ['new', '--image', image]);
  for (const copy of dockerfile.copies) {
    const layer = join(scratch, 'layer.tar');
    archive(layer, copy, architecture);
    run('umoci', [
      'raw',
      'add-layer',
      '--image',
      image,
      ...history(`COPY ${copy.source} ${copy.destination}`),
      layer,
    ]);
  }
  run('umoci', [
    'config',
    '--image',
    image,
    ...history('LABEL ENV USER CMD'),
    ...configuration(architecture),
  ]);
  const file = join(output, `trace-agent-${tag}.tar`);
  rmSync(file, { force: true });
  const archiveName = `docker-archive:${file}:trace-agent:${version}`;
  run('skopeo', ['--insecure-policy', 'copy', '--quiet', `oci:${image}`, archiveName]);
  const { Digest } = JSON.parse(run('skopeo', ['inspect', `oci:${image}`]));
  console.log(`linux/${architecture} ${Digest} ${layers(image)} bytes of layers; ${file}`);
}

/** Creates a layer as a builder creates it for one COPY instruction. */
function archive(path, { from, source, destination, chown }, architecture) {
  const tree = mkdtempSync(join(scratch, 'layer-'));
  const copied = from === undefined ? join(context, source) : imageFile(from, source, architecture);
  cpSync(copied, join(tree, destination), { recursive: true });
  const [user, group] = chown.split(':');
  run('tar', [
    '--create',
    `--file=${path}`,
    '--format=ustar',
    '--sort=name',
    `--mtime=@${epoch}`,
    '--numeric-owner',
    `--owner=${user}`,
    `--group=${group}`,
    '--mode=u=rwX,go=rX',
    `--directory=${tree}`,
    ...readdirSync(tree),
  ]);
}

/** Returns a file of another image that the Dockerfile copies from. */
function imageFile(stage, path, architecture) {
  if (/^busybox:/.test(dockerfile.stages[stage] ?? '') && path === '/bin/busybox') {
    return staticBusybox(architecture);
  }
  throw new Error(`${path} of ${stage} is not to be had without an engine`);
}

function history(instruction) {
  return ['--history.created', created, '--history.created_by', instruction];
}

function configuration(architecture) {
  const { labels, env, user, cmd } = dockerfile;
  const named = (option, entries) =>
    Object.entries(entries).flatMap(([name, value]) => [option, `${name}=${value}`]);
  return [
    ...['--os', 'linux', '--architecture', architecture, '--created', created],
    ...['--config.user', user],
    ...cmd.flatMap((word) => ['--config.cmd', word]),
    ...named('--config.env', env),
    ...named('--config.label', labels),
    ...named('--manifest.annotation', labels),
  ];
}

function layers(image) {
  const [path, tag] = image.split(/:(?=[^:]*$)/);
  const blob = (digest) => join(path, 'blobs', digest.replace(':', '/'));
  const { manifests } = JSON.parse(readFileSync(join(path, 'index.json'), 'utf8'));
  const named = manifests.find(({ annotations }) => annotations['org.opencontainers.image.ref.name'] === tag);
  const manifest = JSON.parse(readFileSync(blob(named.digest), 'utf8'));
  return manifest.layers.reduce((sum, { digest }) => sum + statSync(blob(digest)).size, 0);
}

function run(command, args) {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
