import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const TEST_TIMEOUT_MS = 70_000; // the demo's own deadline is 60 s

interface Outcome {
  exitCode: number;
  stdout: string;
  stderr: string;
}

function runDemo(...options: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const command = ['fixtures/demo/run.mjs', ...options];
    execFile(process.execPath, command, { cwd: REPOSITORY }, (error, stdout, stderr) => {
      resolve({ exitCode: error ? Number(error.code ?? Number.NaN) : 0, stdout, stderr });
    });
  });
}

/** Runs the demo with `--open`, looks at its collector once all is printed, and ends it as Ctrl-C does. */
async function runOpenDemo(
  ...options: string[]
): Promise<{ outcome: Outcome; page: string; events: string }> {
  const command = ['fixtures/demo/run.mjs', '--open', ...options];
  const child = spawn(process.execPath, command, { cwd: REPOSITORY });
  const outcome = { exitCode: Number.NaN, stdout: '', stderr: '' };
  const ended = once(child, 'close');
  child.stderr.on('data', (chunk) => {
    outcome.stderr += chunk;
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', (chunk) => {
      outcome.stdout += chunk;
      const [, found] = /^The traces are shown at (\S+) until Ctrl-C\.$/m.exec(outcome.stdout) ?? [];
      if (found) resolve(found);
    });
    ended.then(() => reject(new Error(`ended: ${outcome.stdout}${outcome.stderr}`)));
  });
  const page = await (await fetch(url)).text();
  const stream = (await fetch(new URL('page/events', url))).body?.getReader();
  const events = Buffer.from((await stream?.read())?.value ?? []).toString();
  child.kill('SIGINT');
  outcome.exitCode = (await ended)[0];
  return { outcome, page, events };
}

function linesOfOrders({ stdout }: Outcome): string[] {
  return stdout.split('\n').filter((line) => /^A-1\d{3} /.test(line));
}

describe('the demo', { timeout: TEST_TIMEOUT_MS }, () => {
  it('shows every order as one whole trace with the agent, and as several without it', async () => {
    const outcome = await runDemo();

    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    const lines = linesOfOrders(outcome);
    expect(lines).toHaveLength(14);
    for (const line of lines) {
      expect(line).toMatch(/ok +1 trace, [34] runs, shop +[34] traces, [34] runs, shop \+ warehouse$/);
    }
    expect(outcome.stdout).toContain('With the agent 14 of 14 orders are one whole trace');
    expect(outcome.stdout).toContain('Without it: 0 of 14.');
    expect(outcome.stdout).toContain('out of stock: 500 x POT-IRON');
  });

  it('detects broken traces: without the agent in the pricing service; --open keeps the collector', async () => {
    const { outcome, page, events } = await runOpenDemo('--break');

    expect(outcome).toMatchObject({ exitCode: 1, stderr: '' });
    const lines = linesOfOrders(outcome);
    expect(lines).toHaveLength(14);
    for (const line of lines) expect(line).toMatch(/BROKEN +2 traces, [34] runs, shop \+ warehouse/);
    expect(outcome.stdout).toContain('With the agent 0 of 14 orders are one whole trace');
    expect(outcome.stdout.split('\n')[0]).toMatch(/^The traces appear at http:\/\/127\.0\.0\.1:\d+\/$/);
    expect(page).toContain('<title>Traces</title>');
    expect(events).toContain('"total":28');
  });

  it.each(['gateway.mjs', 'pricing.cjs', 'pricing.py', 'inventory.mjs'])(
    '%s says nothing of the propagation',
    async (file) => {
      const source = await readFile(`${REPOSITORY}/fixtures/demo/${file}`, 'utf8');

      expect(source).not.toMatch(/langsmith-trace|baggage|toHeaders|fromHeaders|trace-agent/i);
    },
  );

  it.each(['pricing.cjs', 'pricing.py'])('%s does not use LangSmith', async (file) => {
    const source = await readFile(`${REPOSITORY}/fixtures/demo/${file}`, 'utf8');

    expect(source).not.toMatch(/(require|import)\(?\s*['"]?langsmith/);
  });
});
