import { asyncQueues } from './async.ts';
import { asyncLock } from './async-lock.ts';
import { bluebird } from './bluebird.ts';
import { bottleneck } from './bottleneck.ts';
import { cockatiel } from './cockatiel.ts';
import { fastq } from './fastq.ts';
import { genericPool } from './generic-pool.ts';
import { langgraphAPI } from './langgraph-api.ts';
import type { Library } from './library.ts';
import { mcpLibraries } from './mcp/protocol.ts';
import { mysql } from './mysql.ts';
import { mysql2 } from './mysql2.ts';
import { neoAsync } from './neo-async.ts';
import { pLimit } from './p-limit.ts';
import { pQueue } from './p-queue.ts';
import { pg, pgCursor, pgPool } from './pg.ts';
import { promiseLimit } from './promise-limit.ts';
import { promiseQueue } from './promise-queue.ts';
import { queue } from './queue.ts';
import { amqpConnectionManager, amqplib } from './queues/amqplib.ts';
import { bullmq } from './queues/bullmq.ts';
import { redis } from './redis.ts';
import { semaphore } from './semaphore.ts';
import { sqlite3 } from './sqlite3.ts';
import { throat } from './throat.ts';

/**
 * All libraries that are patched when they are loaded. `@grpc/grpc-js` and `http2-wrapper` belong to the seams of
 * node:http2 (`../http2/`).
 */
export const LIBRARIES: readonly Library[] = [
  amqpConnectionManager,
  amqplib,
  asyncLock,
  asyncQueues,
  bluebird,
  bottleneck,
  bullmq,
  cockatiel,
  fastq,
  genericPool,
  langgraphAPI,
  mysql,
  mysql2,
  neoAsync,
  pLimit,
  pQueue,
  pg,
  pgCursor,
  pgPool,
  promiseLimit,
  promiseQueue,
  queue,
  redis,
  semaphore,
  sqlite3,
  throat,
  ...mcpLibraries,
];
