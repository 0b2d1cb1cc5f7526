import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import type { Finding, Report } from '../../src/doctor/report.ts';
import { root, run } from '../support/app.ts';

const made: string[] = [];
afterAll(() => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
});

export interface ProjectFiles {
  /** The text of each file. A value that is no string is written as JSON. */
  readonly files?: Readonly<Record<string, unknown>>;
  /** Packages of this repository that the project has installed. */
  readonly packages?: readonly string[];
  /** Whether the agent is installed; `true` if absent. */
  readonly hasAgent?: boolean;
}

export const START = 'node --import @org/trace-agent/register app.mjs';

/** Makes a project in a folder of its own. */
export function makeProject({ files = {}, packages = [], hasAgent = true }: ProjectFiles = {}): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'trace-agent-doctor-')));
  made.push(directory);
  const all = { 'package.json': { name: 'project', scripts: { start: START } }, ...files };
  for (const [name, content] of Object.entries(all)) {
    const file = join(directory, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  }
  for (const name of packages) link(join(root, 'node_modules', name), join(directory, 'node_modules', name));
  if (hasAgent) {
    const agent = join(directory, 'node_modules', '@org', 'trace-agent');
    mkdirSync(agent, { recursive: true });
    for (const name of ['package.json', 'register.mjs', 'dist']) link(join(root, name), join(agent, name));
  }
  return directory;
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

export interface Diagnosis extends Report {
  readonly code: number | null;
  readonly stdout: string;
}

/** Runs `trace-agent doctor --json` in a project. */
export async function diagnose(
  directory: string,
  args: readonly string[] = [],
  env: NodeJS.ProcessEnv = {},
): Promise<Diagnosis> {
  const { code, stdout, stderr } = await run(
    [join(root, 'dist/cli.js'), 'doctor', '--json', '--timeout', '60', ...args],
    {
      preload: 'none',
      cwd: directory,
      env,
    },
  );
  if (!stdout.startsWith('{')) throw new Error(`doctor ended with ${code}\n${stdout}${stderr}`);
  return { ...(JSON.parse(stdout) as Report), code, stdout };
}

/** The lines about one check, in short: `problem: 1.0.0: carries no trace`. */
export function of(findings: readonly Finding[], check: string): string[] {
  return findings
    .filter((finding) => finding.check === check)
    .map(({ outcome, summary }) => `${outcome}: ${summary}`);
}
