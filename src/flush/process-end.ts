import type { Undo } from '../instrumentation/instrumentation.ts';
import type { SeenClients } from './clients.ts';

/**
 * Waits for runs at the end of the process. `beforeExit` is emitted when no work is left, and the exit code stays as
 * the application set it. SIGTERM ends a process that has no listener for it, so after the wait the process sends
 * itself the same signal. If the application listens for SIGTERM, it ends the process itself.
 */
export function flushAtEnd(clients: SeenClients): Undo {
  let isEnding = false;

  function onBeforeExit(): void {
    if (clients.isDirty()) void clients.flush();
  }

  async function onSigterm(): Promise<void> {
    if (isEnding) return;
    if (process.listenerCount('SIGTERM') > 1) {
      // signal-exit ends the process only if it finds no listener but its own.
      process.removeListener('SIGTERM', onSigterm);
      await clients.flush();
      return;
    }
    isEnding = true;
    await clients.flush();
    process.removeListener('SIGTERM', onSigterm);
    process.kill(process.pid, 'SIGTERM');
  }

  process.on('beforeExit', onBeforeExit);
  // This listener is called before those of the application.
  process.prependListener('SIGTERM', onSigterm);
  return () => {
    process.removeListener('beforeExit', onBeforeExit);
    process.removeListener('SIGTERM', onSigterm);
  };
}
