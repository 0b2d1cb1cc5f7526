#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { collectorCommand } from './collector/command.ts';
import { type Command, parseOptions, UsageError } from './command.ts';
import { doctorCommand } from './doctor/command.ts';

const COMMANDS: Readonly<Record<string, Command>> = {
  collector: collectorCommand,
  doctor: doctorCommand,
};

const HELP = `Usage: trace-agent <command> [options]

Commands:
${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(11)}  ${summary}\n`)
  .join('')}
Options:
  -h, --help     print this, or the help of a command: trace-agent <command> --help
  -v, --version  print the version
`;

const HELP_OPTION = { help: { type: 'boolean', short: 'h' } } as const;
const OPTIONS = { ...HELP_OPTION, version: { type: 'boolean', short: 'v' } } as const;

async function main([first = '', ...rest]: readonly string[]): Promise<number> {
  if (first.startsWith('-')) {
    const { values } = parseOptions([first, ...rest], OPTIONS);
    if (values['help']) return print(HELP);
    if (values['version']) return print(`${readVersion()}\n`);
  }
  const command = commandOf(first);
  if (!command) throw new UsageError(first === '' ? 'no command' : `unknown command '${first}'`);
  const options = { ...command.options, ...HELP_OPTION };
  const { values, following } = parseOptions(rest, options, command.takesCommand);
  return values['help'] ? print(command.help) : command.run(values, following);
}

function commandOf(name: string | undefined): Command | undefined {
  return name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

/** This file is built to dist/cli.js. The manifest is one folder above it, as it is one folder above src/. */
function readVersion(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

const args = process.argv.slice(2);
try {
  process.exitCode = await main(args);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`trace-agent: ${error.message}\n\n${commandOf(args[0])?.help ?? HELP}`);
  process.exitCode = 2;
}
