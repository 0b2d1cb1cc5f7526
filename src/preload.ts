/** The entry point of `--require @org/trace-agent/register`. `--import` reaches it through register.mjs. */
import { startUnless } from './agent.ts';
import { logFailure } from './log.ts';
import { mainFile } from './main-file.ts';
import { handOver } from './newer-copy.ts';

try {
  startUnless(() => handOver(mainFile(process)));
} catch (error) {
  logFailure('start', error, 'the application');
}
