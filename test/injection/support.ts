import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import { describeMissing, missingTools } from '../../scripts/tools.mjs';
import { root } from '../support/app.ts';

/** The file that is injected. */
export const REGISTER = join(root, 'dist', 'register.cjs');

/** The environment by which it is injected, and in which it tells what it decides. */
export function injected(file = REGISTER): NodeJS.ProcessEnv {
  return { NODE_OPTIONS: `--require ${file}`, TRACE_AGENT_LOG: 'info' };
}

/** The agent's own lines. */
export function linesOf(stderr: string): string[] {
  return stderr.split('\n').filter((line) => line.startsWith('[trace-agent]'));
}

/** What is left of stderr without them. */
export function othersOf(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => !line.startsWith('[trace-agent]'))
    .join('\n');
}

/** Ends a test as skipped, and says which tool it lacks; does nothing where they are all there. */
export function needTools(test: Pick<TestContext, 'skip'>, tools: readonly string[]): void {
  const missing = missingTools(tools);
  if (missing.length > 0) test.skip(missing.map(describeMissing).join('; '));
}

/** Ends a test as skipped that cannot enter a root directory of its own, in a mount namespace. */
export function needNamespaces(test: Pick<TestContext, 'skip'>): void {
  needTools(test, ['unshare', 'mount', 'chroot']);
  if (spawnSync('unshare', ['--mount', 'true']).status !== 0) lacks(test, 'leave to make a mount namespace');
}

export function lacks(test: Pick<TestContext, 'skip'>, what: string): void {
  test.skip(`this machine lacks ${what}`);
}
