import { type Command, UsageError } from '../command.ts';
import { examine } from './doctor.ts';
import { NoProject } from './project.ts';
import { EXIT, exitCodeOf, formatReport } from './report.ts';

export const doctorCommand: Command = {
  summary: 'look at the project in this folder and try whether the agent works in it',
  help: `Usage: trace-agent doctor [options] [-- <command of the application>]

Looks at the project in the current folder, and tries the agent with each client, server framework and LangSmith SDK
that is installed there. It starts child processes, reaches this machine only, and writes nothing.

  trace-agent doctor
  trace-agent doctor --url https://api.example.com/
  trace-agent doctor -- node --import @org/trace-agent/register app.mjs

With a command, it starts the application once as it is, watches it for 5 seconds, and ends it.

Options:
  --url <URL>           show what a destination gets, and why; can be given several times
  --connect             also ask LangSmith whether it answers and accepts the key; posts no run
  --json                print the result as JSON
  --timeout <seconds>   how long each try, or the application, may take (default 5)
  -h, --help            print this

Each line begins with ✓ (seen to work), ! (to know), ✗ (a problem) or - (did not run).
Exit code: 0 if there is no problem, 1 if there is one, 2 if the project could not be looked at.
`,
  options: {
    url: { type: 'string', multiple: true },
    connect: { type: 'boolean' },
    json: { type: 'boolean' },
    timeout: { type: 'string', default: '5' },
  },
  takesCommand: true,
  async run({ url, connect, json, timeout }, command) {
    const urls = ((url ?? []) as string[]).map(parseURL);
    try {
      const report = await examine({
        directory: process.cwd(),
        env: process.env,
        urls,
        isConnecting: connect === true,
        timeout: parseSeconds(String(timeout)),
        command,
      });
      const isColored = process.stdout.isTTY === true && !process.env['NO_COLOR'];
      process.stdout.write(
        json === true ? `${JSON.stringify(report, null, 2)}\n` : formatReport(report, isColored),
      );
      return exitCodeOf(report);
    } catch (error) {
      if (error instanceof UsageError) throw error;
      const isExpected = error instanceof NoProject;
      process.stderr.write(`trace-agent: ${isExpected ? error.message : (error as Error).stack}\n`);
      return EXIT.notLooked;
    }
  },
};

/** @returns milliseconds */
function parseSeconds(text: string): number {
  if (/^\d{1,4}$/.test(text) && Number(text) > 0) return Number(text) * 1000;
  throw new UsageError(`'${text}' is no number of seconds`);
}

function parseURL(text: string): URL {
  try {
    const url = new URL(text);
    if (/^(https?|wss?):$/.test(url.protocol)) return url;
  } catch {
    // Reported below.
  }
  throw new UsageError(`'${text}' is no URL; write it with its scheme, as in https://api.example.com/`);
}
