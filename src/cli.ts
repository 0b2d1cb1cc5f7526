#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runCollector } from './collector/command.ts';

const USAGE = `Usage: trace-agent <command> [options]

Commands:
  collector    run a local LangSmith that prints each trace as a tree
    --port <port>    the port to listen on (default 1984; 0 for a free one)
    --host <host>    the address to listen on (default 127.0.0.1)
    --max-memory <MiB>  what the runs that are kept may take (default 256); then the oldest traces are forgotten

Options:
  --help       print this
  --version    print the version
`;

/** What is wrong with the arguments; the message goes to the user with the usage after it. */
class UsageError extends Error {}

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArguments(args);
  if (values.help) return print(USAGE);
  if (values.version) return print(`${readVersion()}\n`);

  const [command, unexpected] = positionals;
  if (command === undefined) throw new UsageError('no command');
  if (command !== 'collector') throw new UsageError(`unknown command '${command}'`);
  if (unexpected !== undefined) throw new UsageError(`unexpected argument '${unexpected}'`);
  return runCollector(values.host, parsePort(values.port), parseMemory(values['max-memory']));
}

function parseArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'v' },
        host: { type: 'string', default: '127.0.0.1' },
        port: { type: 'string', default: '1984' },
        'max-memory': { type: 'string', default: '256' },
      },
    });
  } catch (error) {
    // Node's message goes on with advice on positional arguments.
    const [reason = ''] = (error as Error).message.split(/\. |\n/, 1);
    throw new UsageError(reason);
  }
}

function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new UsageError(`'${text}' is no port`);
}

/** @returns bytes */
function parseMemory(text: string): number {
  if (/^\d{1,6}$/.test(text) && Number(text) > 0) return Number(text) * 1024 * 1024;
  throw new UsageError(`'${text}' is no number of MiB`);
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

/** This file is built to dist/cli.js: the manifest is one folder up from there, as it is from src/. */
function readVersion(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`trace-agent: ${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
