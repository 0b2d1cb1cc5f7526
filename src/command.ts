import { type ParseArgsConfig, parseArgs } from 'node:util';

/** A command of `trace-agent`. */
export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** The text of `--help`, which begins with `Usage:`. */
  readonly help: string;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** Whether a command line may follow `--`. */
  readonly takesCommand?: boolean;
  /**
   * @param following what follows `--`
   * @returns the exit code
   */
  readonly run: (values: Readonly<Record<string, unknown>>, following: readonly string[]) => Promise<number>;
}

/** Thrown for wrong arguments. The message is shown to the user, followed by the usage. */
export class UsageError extends Error {}

/**
 * Parses the arguments of a command: options, and what follows `--` if the command takes that.
 *
 * @throws {UsageError}
 */
export function parseOptions(
  args: readonly string[],
  options: Command['options'],
  takesCommand = false,
): { readonly values: Readonly<Record<string, unknown>>; readonly following: readonly string[] } {
  const end = takesCommand ? args.indexOf('--') : -1;
  const own = end === -1 ? args : args.slice(0, end);
  const following = end === -1 ? [] : args.slice(end + 1);
  let parsed: { values: Readonly<Record<string, unknown>>; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...own], allowPositionals: true, options });
  } catch (error) {
    // The rest of Node's message gives advice on positional arguments.
    const [reason = ''] = (error as Error).message.split(/\. |\n/, 1);
    throw new UsageError(reason);
  }
  const [unexpected] = parsed.positionals;
  if (unexpected !== undefined) throw new UsageError(`unexpected argument '${unexpected}'`);
  if (end !== -1 && following.length === 0) throw new UsageError("no command after '--'");
  return { values: parsed.values, following };
}
