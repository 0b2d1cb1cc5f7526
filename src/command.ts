import { type ParseArgsConfig, parseArgs } from 'node:util';

/** A command of `trace-agent`. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** The text of `--help`, which begins with `Usage:`. */
  readonly help: string;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** @returns the exit code */
  readonly run: (values: Readonly<Record<string, unknown>>) => Promise<number>;
}

/** Thrown for wrong arguments. The message is shown to the user, followed by the usage. */
export class UsageError extends Error {}

/**
 * Parses the arguments of a command, which takes options only.
 *
 * @throws {UsageError}
 */
export function parseOptions(
  args: readonly string[],
  options: Command['options'],
): Readonly<Record<string, unknown>> {
  let parsed: { values: Readonly<Record<string, unknown>>; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...args], allowPositionals: true, options });
  } catch (error) {
    // The rest of Node's message gives advice on positional arguments.
    const [reason = ''] = (error as Error).message.split(/\. |\n/, 1);
    throw new UsageError(reason);
  }
  const [unexpected] = parsed.positionals;
  if (unexpected !== undefined) throw new UsageError(`unexpected argument '${unexpected}'`);
  return parsed.values;
}
