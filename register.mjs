/**
 * `node --import @org/trace-agent/register`: the same file as `--require`, so that both together start once. By
 * `require`: where a CommonJS file is imported, Node 18 to 22 load a lexer in WebAssembly for the names that it exports,
 * which is 45 ms of CPU and 10 MB.
 */
import { createRequire } from 'node:module';

createRequire(import.meta.url)('./dist/register.cjs');
