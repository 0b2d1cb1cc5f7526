import { spawnSync } from 'node:child_process';

/** Maps a directory of this machine to a path of the container. */
export interface Mount {
  readonly source: string;
  readonly path: string;
  readonly readOnly?: boolean;
}

/**
 * Creates a separate root in memory, binds this machine's root entries into it, and adds the mounts. Nothing is
 * created outside of the namespace, and nothing remains when the command ends.
 */
const SCRIPT = `
set -eu
root=$1; shift
mount -t tmpfs -o size=16m tmpfs "$root"
for entry in /* ; do
  if [ -L "$entry" ]; then cp -P "$entry" "$root$entry"
  elif [ -d "$entry" ]; then mkdir "$root$entry"; mount --rbind "$entry" "$root$entry"
  fi
done
while [ "$1" != -- ]; do
  mkdir -p "$root$3"
  mount --bind "$2" "$root$3"
  if [ "$1" = ro ]; then mount -o remount,bind,ro "$root$3"; fi
  shift 3
done
shift
exec chroot "$root" "$@"
`;

/**
 * Returns the command line that runs `command` with the mounts. `root` is an empty directory. Several commands may
 * share it.
 */
export function inMountNamespace(
  root: string,
  mounts: readonly Mount[],
  command: readonly string[],
): [command: string, args: string[]] {
  const binds = mounts.flatMap(({ source, path, readOnly }) => [readOnly ? 'ro' : 'rw', source, path]);
  return ['unshare', ['--mount', 'sh', '-c', SCRIPT, 'sh', root, ...binds, '--', ...command]];
}

/** Returns the reason why no namespace can be created; `undefined` if one can. */
export function lackingForMountNamespace(): string | undefined {
  const { status, error } = spawnSync('unshare', ['--mount', 'sh', '-c', 'mount -t tmpfs tmpfs /tmp'], {
    encoding: 'utf8',
  });
  if (error) return 'unshare (util-linux)';
  return status === 0 ? undefined : 'the right to mount (root, CAP_SYS_ADMIN)';
}
