import { type Command, UsageError } from '../command.ts';
import { startCollector } from './index.ts';
import { createTracePrinter } from './trace-printer.ts';

export const collectorCommand: Command = {
  summary: 'run a local LangSmith that shows traces in a browser and prints them',
  help: `Usage: trace-agent collector [options]

Runs a local LangSmith, to look at traces without an account. A service publishes to it with

  LANGSMITH_TRACING=true LANGSMITH_ENDPOINT=http://127.0.0.1:1984/<its name> LANGSMITH_API_KEY=any

Each trace is printed as a tree once it is complete. A browser shows them live, at the address that is printed.
Traces are kept in memory only. Ctrl-C ends the command.

Options:
  --port <port>       the port to listen on (default 1984; 0 for a free one)
  --host <host>       the address to listen on (default 127.0.0.1, which only this machine can reach)
  --max-memory <MiB>  what the runs that are kept may take (default 256); then the oldest traces are forgotten
  -h, --help          print this
`,
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '1984' },
    'max-memory': { type: 'string', default: '256' },
  },
  run: ({ host, port, 'max-memory': memory }) =>
    runCollector(String(host), parsePort(String(port)), parseMemory(String(memory))),
};

function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new UsageError(`'${text}' is no port`);
}

/** @returns bytes */
function parseMemory(text: string): number {
  if (/^\d{1,6}$/.test(text) && Number(text) > 0) return Number(text) * 1024 * 1024;
  throw new UsageError(`'${text}' is no number of MiB`);
}

/**
 * Runs the collector until SIGINT or SIGTERM.
 *
 * @returns the exit code
 */
async function runCollector(host: string, port: number, maxBytes: number): Promise<number> {
  const print = (text: string) => process.stdout.write(`${text}\n`);
  const printer = createTracePrinter((traceId) => collector.runsOf(traceId), print);
  // The process that reads our stdout through a pipe may exit before we do.
  process.stdout.on('error', () => process.exit(0));

  let collector: Awaited<ReturnType<typeof startCollector>>;
  try {
    const { changed: onTraces, dropped: onDropped, refused: onRefusal } = printer;
    collector = await startCollector({ host, port, maxBytes, onTraces, onDropped, onRefusal });
  } catch (error) {
    process.stderr.write(`trace-agent: ${explainListenError(error, host, port)}\n`);
    return 1;
  }
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  print(`A local LangSmith listens on ${collector.url}. Start a service with

  LANGSMITH_TRACING=true LANGSMITH_ENDPOINT=${collector.urlFor('my-service')} LANGSMITH_API_KEY=any

and its traces are printed here, and shown by ${collector.url}/ in a browser. Ctrl-C ends it.
`);

  await stopped;
  printer.end();
  await collector.close();
  return 0;
}

function explainListenError(error: unknown, host: string, port: number): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} of ${host} is in use; choose another with --port`;
    case 'EACCES':
      return `port ${port} of ${host} is not allowed; choose another with --port`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `${host} is no address of this machine; choose another with --host`;
    default:
      return `cannot listen on ${host}, port ${port}: ${message}`;
  }
}
