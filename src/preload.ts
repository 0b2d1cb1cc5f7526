/** What `--require @org/trace-agent/register` loads, and `--import` by way of register.mjs. */
import { start } from './agent.ts';
import { logFailure } from './log.ts';

try {
  start();
} catch (error) {
  logFailure('start', error);
}
