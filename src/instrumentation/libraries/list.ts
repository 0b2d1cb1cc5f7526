import { asyncQueues } from './async.ts';
import { bluebird } from './bluebird.ts';
import { bottleneck } from './bottleneck.ts';
import { fastq } from './fastq.ts';
import { genericPool } from './generic-pool.ts';
import type { Library } from './library.ts';
import { mysql } from './mysql.ts';
import { mysql2 } from './mysql2.ts';
import { pLimit } from './p-limit.ts';
import { pQueue } from './p-queue.ts';
import { pg, pgCursor, pgPool } from './pg.ts';
import { redis } from './redis.ts';

/** All that is patched as it is loaded. `@grpc/grpc-js` and `http2-wrapper` are seams of node:http2 (`../http2/`). */
export const LIBRARIES: readonly Library[] = [
  asyncQueues,
  bluebird,
  bottleneck,
  fastq,
  genericPool,
  mysql,
  mysql2,
  pLimit,
  pQueue,
  pg,
  pgCursor,
  pgPool,
  redis,
];
