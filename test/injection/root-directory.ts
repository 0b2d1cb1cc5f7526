/** Root directories of our own, for programs that run in a mount namespace as they do in a container. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Mount {
  readonly source: string;
  /** Below the root; it must be there. */
  readonly target: string;
  readonly writable?: boolean;
}

export interface Container {
  readonly root: string;
  readonly mounts?: readonly Mount[];
  /** Whether the root can be written to; the default is that it cannot. */
  readonly writable?: boolean;
  /** `user:group`, the distroless images' `nonroot` unless it is given. */
  readonly user?: string;
  readonly workingDirectory?: string;
  readonly command: readonly string[];
}

/** What engines set of themselves (without HOME and without /etc/passwd langsmith 0.12 throws), and no more. */
export const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/',
  NODE_EXTRA_CA_CERTS: '',
};

const ENTER = `set -e
root=$1 mode=$2 user=$3 directory=$4
shift 4
mount --bind "$root" "$root"
while [ "$1" != -- ]; do
  mount --bind "$1" "$root$2"
  if [ "$3" = ro ]; then mount -o remount,bind,ro "$root$2"; fi
  shift 3
done
shift
if [ "$mode" = ro ]; then mount -o remount,bind,ro "$root"; fi
exec unshare --root="$root" --wd="$directory" --setgid="\${user#*:}" --setuid="\${user%:*}" -- "$@"`;

/** The command line that runs a command in a container of ours; the process is the command's own. */
export function enter({
  root,
  mounts = [],
  writable = false,
  user = '65532:65532',
  workingDirectory = '/',
  command,
}: Container): string[] {
  const mode = (canWrite: boolean) => (canWrite ? 'rw' : 'ro');
  const mountArgs = mounts.flatMap((mount) => [mount.source, mount.target, mode(mount.writable ?? false)]);
  const settings = [root, mode(writable), user, workingDirectory];
  return ['unshare', '--mount', 'sh', '-c', ENTER, 'sh', ...settings, ...mountArgs, '--', ...command];
}

/** A root with this Node at /usr/local/bin/node, the libraries that it links with, and empty folders: no shell. */
export function makeRoot(root: string, node: string, folders: readonly string[] = []): string {
  put(root, node, '/usr/local/bin/node');
  for (const library of librariesOf(node)) put(root, library);
  for (const folder of folders) mkdirSync(join(root, folder), { recursive: true });
  return root;
}

export function put(root: string, source: string, target = source): void {
  mkdirSync(dirname(join(root, target)), { recursive: true });
  copyFileSync(source, join(root, target));
}

function librariesOf(binary: string): string[] {
  const lines = execFileSync('ldd', [binary], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => /(?:=> |^\s*)(\/\S+) \(0x/.exec(line)?.[1] ?? []);
}
