/**
 * The rows of the compatibility matrix. A row is one library of one version:
 *
 * - `packages`: what is installed for it, in a directory of its own. The first is the one that the row is about; its
 *   `engines` say on which Node versions the row exists. `from` and `notOn` say so where a package does not.
 * - `app`: the application under fixtures/matrix/clients or fixtures/matrix/services
 * - `forms`: how the application is made: `cjs`, `esm` (both load the installed package), `bundle` (esbuild, CommonJS).
 *   `limits` says of a form that no trace is sent, and why: then that is all that may fail.
 *   `cjsFrom` is the oldest Node that can `require` an ESM-only package, `esmFrom` the oldest on which the agent finds an
 *   ES module; `external`, what a bundle leaves out
 * - clients: `env` of the application; `server`, what it calls (`http` or `h2`); `stress`: part of the stress test
 * - services: `path`, the runs from the one that calls out up to the one below the caller's; `companion`, a service
 *   that is started first; `links: false` where runs cannot be linked, with a `note`
 * - libraries that run a task or a callback later are clients too: their form calls out in it. `needs` names the server
 *   of servers.mjs that they need; `patched: false`, that they are right without a patch
 * - `ci`: part of the slice for CI
 */
const ALL = ['cjs', 'esm', 'bundle'];
/** What NestJS loads where it is installed. */
const NEST_OPTIONAL = ['@nestjs/microservices', '@nestjs/websockets', 'class-transformer', 'class-validator'];
const MCP_2 = ['@modelcontextprotocol/client@2', '@modelcontextprotocol/server@2'];
/** `require` loads ESM from here on. */
const ESM_ONLY = { cjsFrom: '20.19.0' };

const client = (label, app, options) => ({
  group: 'clients',
  kind: 'client',
  server: 'http',
  forms: ALL,
  label,
  app,
  ...options,
});
const service = (group, label, app, options) => ({
  group,
  kind: 'service',
  path: ['work'],
  forms: ALL,
  label,
  app,
  ...options,
});
const server = (label, app, options) => service('servers', label, app, options);
/** Bundled, a library is not patched. */
const library = (group) => (label, app, options) =>
  client(label, `libraries/${app}`, { group, forms: ['cjs', 'esm'], patched: true, ...options });
const queue = library('queues, limiters and pools');
const database = library('databases');
const langsmith = (version, options) =>
  service('LangSmith and LangChain', `langsmith ${version}`, 'node-http', {
    packages: [`langsmith@${version === 'newest' ? 'latest' : version}`],
    ...options,
  });

export const ROWS = [
  client('node:http and fetch', 'http', { packages: [], stress: true, ci: true }),
  client('undici 5', 'undici', { packages: ['undici@5'], stress: true, ci: true }),
  client('undici 6', 'undici', { packages: ['undici@6'], stress: true, ci: true }),
  client('undici 7', 'undici', { packages: ['undici@7'], stress: true, ci: true }),
  client('undici 8', 'undici', { packages: ['undici@8'], stress: true }),
  client('axios 0.21', 'axios', { packages: ['axios@0.21'], env: { MATRIX_ADAPTER: 'http' } }),
  client('axios 0.27', 'axios', { packages: ['axios@0.27'], env: { MATRIX_ADAPTER: 'http' } }),
  client('axios 1.7', 'axios', { packages: ['axios@1.7'], env: { MATRIX_ADAPTER: 'http' } }),
  client('axios 1.7, fetch adapter', 'axios', { packages: ['axios@1.7'], env: { MATRIX_ADAPTER: 'fetch' } }),
  client('axios newest', 'axios', {
    packages: ['axios@latest'],
    env: { MATRIX_ADAPTER: 'http' },
    stress: true,
    ci: true,
  }),
  client('axios newest, fetch adapter', 'axios', {
    packages: ['axios@latest'],
    env: { MATRIX_ADAPTER: 'fetch' },
  }),
  client('axios newest, http2', 'axios', {
    packages: ['axios@latest'],
    env: { MATRIX_ADAPTER: 'http2' },
    server: 'h2',
    ci: true,
  }),
  client('got 11', 'got', { packages: ['got@11'], stress: true, ci: true }),
  client('got 12', 'got', { packages: ['got@12'], ...ESM_ONLY }),
  client('got 13', 'got', { packages: ['got@13'], ...ESM_ONLY }),
  client('got 14', 'got', { packages: ['got@14'], ...ESM_ONLY, stress: true, ci: true }),
  client('got 16', 'got', { packages: ['got@16'], ...ESM_ONLY, stress: true }),
  ...[11, 12, 13, 14, 16].map((major) =>
    client(`got ${major}, http2`, 'got', {
      packages: [`got@${major}`],
      env: { MATRIX_ADAPTER: 'http2' },
      server: 'h2',
      stress: major === 11 || major === 16,
      ci: major === 14,
      ...(major < 16 && {
        limits: { bundle: 'http2-wrapper in a bundle cannot be followed; a warning says so' },
      }),
      // http2-wrapper 1.
      ...(major === 11 && { notOn: { 18: 'its http2 calls get no answer, without the agent either' } }),
      ...(major > 11 && ESM_ONLY),
    }),
  ),
  client('node-fetch 2', 'node-fetch', { packages: ['node-fetch@2'] }),
  client('node-fetch 3', 'node-fetch', { packages: ['node-fetch@3'], ...ESM_ONLY, ci: true }),
  client('superagent 10', 'superagent', { packages: ['superagent@10'] }),
  client('ky 1', 'ky', { packages: ['ky@1'], ...ESM_ONLY }),
  client('ky 2', 'ky', { packages: ['ky@2'], ...ESM_ONLY }),
  client('ws 8', 'ws', { packages: ['ws@8'], ci: true }),
  client('openai 4', 'openai', { packages: ['openai@4'] }),
  client('openai 6', 'openai', { packages: ['openai@6'] }),
  client('openai newest', 'openai', { packages: ['openai@latest'] }),
  client('AWS SDK v3 newest, S3', 'aws-s3', { packages: ['@aws-sdk/client-s3@latest'], ci: true }),

  queue('p-queue 6', 'p-queue', { packages: ['p-queue@6'], stress: true, ci: true }),
  queue('p-queue 7', 'p-queue', { packages: ['p-queue@7'], ...ESM_ONLY }),
  queue('p-queue 8', 'p-queue', { packages: ['p-queue@8'], ...ESM_ONLY }),
  queue('p-queue 9', 'p-queue', { packages: ['p-queue@9'], ...ESM_ONLY, stress: true, ci: true }),
  // import-in-the-middle finds it, where a library is named.
  queue('p-queue 9, by name', 'p-queue', {
    packages: ['p-queue@9'],
    env: { TRACE_AGENT_LIBRARIES: '*,p-queue' },
    ...ESM_ONLY,
  }),
  queue('p-queue newest', 'p-queue', { packages: ['p-queue@latest'], patched: false, ...ESM_ONLY }),
  queue('p-limit 2', 'p-limit', { packages: ['p-limit@2'], stress: true }),
  queue('p-limit 3', 'p-limit', { packages: ['p-limit@3'], stress: true, ci: true }),
  queue('p-limit newest', 'p-limit', { packages: ['p-limit@latest'], patched: false, ...ESM_ONLY }),
  queue('bottleneck 2', 'bottleneck', { packages: ['bottleneck@2'], stress: true, ci: true }),
  queue('async 2', 'async', { packages: ['async@2'] }),
  queue('async 3', 'async', { packages: ['async@3'], stress: true, ci: true }),
  queue('fastq 1', 'fastq', { packages: ['fastq@1'], stress: true, ci: true }),
  queue('bluebird 3', 'bluebird', { packages: ['bluebird@3'], stress: true }),
  queue('generic-pool 2', 'generic-pool', { packages: ['generic-pool@2'] }),
  queue('generic-pool 3', 'generic-pool', { packages: ['generic-pool@3'], patched: false }),
  ...[
    ['async-lock', 1],
    ['cockatiel', 3],
    ['neo-async', 2],
    ['promise-limit', 2],
    ['promise-queue', 2],
    ['semaphore', 1],
    ['throat', 5],
  ].map(([name, major]) => queue(`${name} ${major}`, name, { packages: [`${name}@${major}`] })),
  queue('queue 6', 'queue', { packages: ['queue@6'] }),
  queue('queue 7', 'queue', { packages: ['queue@7'], ...ESM_ONLY }),
  queue('LangChain’s queues, @langchain/core 0.3', 'langchain', { packages: ['@langchain/core@0.3'] }),
  queue('LangChain’s queues, @langchain/core 1', 'langchain', {
    packages: ['@langchain/core@1'],
    from: 20,
    stress: true,
    ci: true,
  }),
  ...[4, 5, 6].map((major) =>
    queue(`BullMQ ${major}`, 'bullmq', {
      packages: [`bullmq@${major}`, 'ioredis@5'],
      needs: 'redis',
      ci: major === 6,
    }),
  ),
  ...['0.8', '0.10', '1', '2'].map((version) =>
    queue(`amqplib ${version}`, 'amqplib', {
      packages: [`amqplib@${version}`],
      needs: 'rabbitmq',
      ci: version === '2',
    }),
  ),

  database('pg 8, callbacks', 'pg', {
    packages: ['pg@8', 'pg-cursor@2', 'pg-query-stream@4'],
    needs: 'postgres',
    stress: true,
    ci: true,
  }),
  database('mysql 2, callbacks', 'mysql', { packages: ['mysql@2'], needs: 'mariadb', stress: true }),
  database('mysql2 2, callbacks', 'mysql2', { packages: ['mysql2@2'], needs: 'mariadb' }),
  database('mysql2 3, callbacks', 'mysql2', {
    packages: ['mysql2@3'],
    needs: 'mariadb',
    stress: true,
    ci: true,
  }),
  database('sqlite3 newest, callbacks', 'sqlite3', { packages: ['sqlite3@latest'] }),
  database('redis 3, callbacks', 'redis', { packages: ['redis@3'], needs: 'redis', stress: true, ci: true }),
  database('redis newest', 'redis', { packages: ['redis@latest'], needs: 'redis', patched: false }),

  server('node:http', 'node-http', { packages: [], ci: true }),
  server('express 4', 'express', { packages: ['express@4'], ci: true }),
  server('express 5', 'express', { packages: ['express@5'], ci: true }),
  server('fastify 5', 'fastify', { packages: ['fastify@5'], from: 20, ci: true }),
  server('koa 3', 'koa', { packages: ['koa@3'] }),
  server('hono 4, node-server 1', 'hono', { packages: ['@hono/node-server@1', 'hono@4'] }),
  server('hono 4, node-server 2', 'hono', { packages: ['@hono/node-server@2', 'hono@4'] }),
  server('NestJS 11', 'nest', {
    packages: [
      '@nestjs/core@11',
      '@nestjs/common@11',
      '@nestjs/platform-express@11',
      'reflect-metadata',
      'rxjs@7',
    ],
    external: NEST_OPTIONAL,
  }),
  server('NestJS newest', 'nest', {
    packages: [
      '@nestjs/core@latest',
      '@nestjs/common@latest',
      '@nestjs/platform-express@latest',
      'reflect-metadata',
      'rxjs@7',
    ],
    external: NEST_OPTIONAL,
    ...ESM_ONLY,
  }),
  server('Next.js 16', 'next', {
    packages: ['next@16', 'react@19', 'react-dom@19', 'langsmith@latest'],
    forms: ['next'],
  }),
  server('MCP SDK, client to server', 'mcp-client', {
    packages: ['@modelcontextprotocol/sdk@1', 'zod@3'],
    companion: 'mcp-server',
    ci: true,
    path: ['work', 'calls-tool'],
  }),

  ...[
    ['MCP SDK 1.10', 'mcp-stdio', ['@modelcontextprotocol/sdk@1.10.2'], {}],
    ['MCP SDK newest', 'mcp-stdio', ['@modelcontextprotocol/sdk@1'], { ci: true }],
    ['MCP client and server newest', 'mcp2-stdio', MCP_2, { from: 20, ci: true }],
  ].map(([label, app, packages, options]) =>
    service('beyond HTTP', `${label}, stdio`, app, {
      packages: [...packages, 'langsmith@latest'],
      path: ['work', 'calls-tool'],
      // Bundled, a library is not patched.
      forms: ['cjs', 'esm'],
      esmFrom: '20.19.0',
      patched: true,
      ...options,
    }),
  ),

  langsmith('0.1.31', {
    links: false,
    note: 'keeps its storage to itself: its runs are traces of their own, and its requests carry the caller’s trace',
  }),
  langsmith('0.1.64', { ci: true }),
  langsmith('0.2.15'),
  langsmith('0.3.87', { ci: true }),
  langsmith('0.4.12'),
  langsmith('0.5.26'),
  langsmith('0.7.17'),
  langsmith('0.10.11'),
  langsmith('newest', { ci: true }),
  service('LangSmith and LangChain', 'AI SDK 6, wrapAISDK', 'ai-sdk', {
    packages: ['ai@6', 'zod@4', 'langsmith@latest'],
    forms: ['cjs', 'esm'],
    path: ['call', 'work'],
    from: 20,
  }),
  service('LangSmith and LangChain', 'AI SDK 7, LangSmithTelemetry', 'ai-sdk', {
    packages: ['ai@7', 'zod@4', 'langsmith@latest'],
    forms: ['esm'],
    path: ['call', 'work'],
    from: 22,
  }),
  service('LangSmith and LangChain', 'openai 6, wrapOpenAI', 'openai', {
    packages: ['openai@6', 'langsmith@latest'],
    path: ['ChatOpenAI'],
    from: 20,
  }),
  service('LangSmith and LangChain', 'OpenAI Agents SDK, tracing processor', 'openai-agents', {
    packages: ['@openai/agents@latest', 'openai@6', 'zod@4', 'langsmith@latest'],
    forms: ['cjs', 'esm'],
    path: ['call', 'Span', 'Clerk', 'Agent workflow', 'workflow'],
    from: 22,
  }),
  service('LangSmith and LangChain', 'LangGraph, @langchain/core 0.3', 'langgraph', {
    packages: ['@langchain/langgraph@0.4', '@langchain/core@0.3', 'langsmith@0.3'],
    path: ['work', 'LangGraph'],
  }),
  service('LangSmith and LangChain', 'LangGraph, @langchain/core 1', 'langgraph', {
    packages: ['@langchain/langgraph@1', '@langchain/core@1'],
    ci: true,
    path: ['work', 'LangGraph'],
    from: 20,
  }),
  service('LangSmith and LangChain', 'LangGraph’s Agent Server, langgraph-api 1', 'agent-server', {
    packages: [
      '@langchain/langgraph-api@1',
      '@langchain/langgraph@1',
      '@langchain/core@1',
      'langsmith@latest',
    ],
    forms: ['esm'],
    ci: true,
    path: ['work', 'LangGraph'],
    from: 20,
    esmFrom: '20.19.0',
  }),
];
