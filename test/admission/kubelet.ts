/** Does on this machine what a kubelet does with a pod, as far as the agent is concerned: volumes, mounts, env, commands. */
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanEnv, root } from '../support/app.ts';
import { inMountNamespace, type Mount } from '../support/mount-namespace.ts';
import { type Container, environmentOf, type Pod } from './pod.ts';

/** The image that the YAML under deploy/ names. */
export const IMAGE = 'registry.example.com/trace-agent:0.1.0';

/** The image's user. */
const IMAGE_USER = 65532;

/** The pod's directories on this machine. */
export interface Placed {
  readonly pod: Pod;
  readonly directory: string;
  readonly volumes: ReadonlyMap<string, string>;
  remove(): void;
}

/** Makes the pod's volumes and runs the init container that is of our image. The others are the application's. */
export function place(pod: Pod): Placed {
  const directory = mkdtempSync(join(tmpdir(), 'trace-agent-pod-'));
  chmodSync(directory, 0o755);
  const image = join(directory, 'image');
  stageImage(image);
  mkdirSync(join(directory, 'root'));
  const volumes = new Map<string, string>();
  for (const { name, emptyDir, image: from } of pod.spec.volumes ?? []) {
    const volume = from ? image : join(directory, 'volumes', name);
    if (emptyDir) {
      mkdirSync(volume, { recursive: true });
      chmodSync(volume, 0o777);
    }
    volumes.set(name, volume);
  }
  const placed = { pod, directory, volumes, remove: () => rmSync(directory, { recursive: true }) };
  for (const container of pod.spec.initContainers ?? []) {
    if (container.image === IMAGE) runInit(placed, container, image);
  }
  return placed;
}

/** Starts this Node.js in place of a container's command, with the container's env and mounts. */
export function startContainer(
  placed: Placed,
  container: Container,
  args: readonly string[],
  options: SpawnOptions = {},
): ChildProcess {
  const [command, rest] = inMountNamespace(
    join(placed.directory, 'root'),
    mountsOf(placed, container),
    // Not in the environment of unshare and sh: what a container is given, it alone has.
    [
      'env',
      `--chdir=${root}`,
      ...Object.entries(environmentOf(container)).map(([name, value]) => `${name}=${value}`),
      process.execPath,
      ...args,
    ],
  );
  return spawn(command, rest, { ...options, env: cleanEnv(options.env) });
}

/** The files of the image, as deploy/image makes them. */
function stageImage(image: string): void {
  const directory = join(image, 'autoinstrumentation');
  mkdirSync(directory, { recursive: true });
  for (const name of ['register.cjs', 'autoinstrumentation.js']) {
    copyFileSync(join(root, 'dist', 'register.cjs'), join(directory, name));
  }
  writeFileSync(join(directory, 'package.json'), '{ "type": "commonjs" }\n');
}

function runInit(placed: Placed, container: Container, image: string): void {
  const [name, ...args] = container.command ?? [];
  if (name === undefined) throw new Error(`${container.name} has no command`);
  const mounts = [
    { source: join(image, 'autoinstrumentation'), path: '/autoinstrumentation', readOnly: true },
    ...mountsOf(placed, container),
  ];
  const asUser = [
    'setpriv',
    `--reuid=${IMAGE_USER}`,
    `--regid=${IMAGE_USER}`,
    '--clear-groups',
    name,
    ...args,
  ];
  const [command, rest] = inMountNamespace(join(placed.directory, 'root'), mounts, asUser);
  const { status, stderr, error } = spawnSync(command, rest, { encoding: 'utf8' });
  if (status !== 0) throw error ?? new Error(`${container.name} ended with ${status}: ${stderr}`);
}

function mountsOf({ volumes }: Placed, { volumeMounts = [] }: Container): Mount[] {
  return volumeMounts.map(({ name, mountPath, subPath = '', readOnly = false }) => {
    const source = volumes.get(name);
    if (source === undefined) throw new Error(`there is no volume ${name}`);
    return { source: join(source, subPath), path: mountPath, readOnly };
  });
}
