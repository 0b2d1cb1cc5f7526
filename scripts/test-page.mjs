// Tests the trace page in Chromium.
import { readArguments } from './arguments.mjs';
import { runVitest } from './nodes.mjs';
import { requireTools } from './tools.mjs';

readArguments('test:page');
requireTools('test:page', ['chromium']);
// Only one browser runs at a time.
process.exitCode = runVitest(['test/page', '--no-file-parallelism'], {}) ? 0 : 1;
