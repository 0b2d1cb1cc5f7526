import { startCollector } from './index.ts';
import { createTracePrinter } from './trace-printer.ts';

/**
 * `trace-agent collector`: runs the local LangSmith in the terminal until SIGINT or SIGTERM.
 *
 * @returns the exit code
 */
export async function runCollector(host: string, port: number, maxBytes: number): Promise<number> {
  const print = (text: string) => process.stdout.write(`${text}\n`);
  const printer = createTracePrinter((traceId) => collector.runsOf(traceId), print);
  // The reader of a pipe may go before we do.
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
