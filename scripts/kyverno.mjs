// Builds Kyverno's command line from its Go module, once: about 15 minutes on two cores, and 400 MB.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const COMMAND = 'github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno';

/**
 * @param {string} root the root of the repository
 * @returns {string | undefined} the path of the program; `undefined` if it cannot be built
 */
export function buildKyverno(root) {
  const module = join(root, 'test', 'kyverno');
  const directory = join(root, '.cache', 'kyverno');
  const program = join(directory, 'kyverno');
  const marker = join(directory, 'built.txt');
  const wanted = readFileSync(join(module, 'go.sum'), 'utf8');
  if (existsSync(marker) && readFileSync(marker, 'utf8') === wanted) return program;
  mkdirSync(directory, { recursive: true });
  const { status } = spawnSync('go', ['build', '-o', program, COMMAND], { cwd: module, stdio: 'inherit' });
  if (status !== 0) return undefined;
  writeFileSync(marker, wanted);
  return program;
}
