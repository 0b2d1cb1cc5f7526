/** The packages that the doctor tries if they are installed. `probe/` has one function for each. */

export const CLIENT_NAMES = [
  'undici',
  'axios',
  'got',
  'node-fetch',
  'cross-fetch',
  'superagent',
  'request',
  'needle',
  'phin',
  'bent',
  'ky',
  'ofetch',
  'wretch',
  'openai',
  'ws',
  '@grpc/grpc-js',
] as const;

export const SERVER_NAMES = [
  'express',
  'fastify',
  'koa',
  'hono',
  '@hapi/hapi',
  'connect',
  'polka',
  'restify',
  '@nestjs/core',
] as const;

export const SDK_NAMES = ['langsmith', '@langchain/core'] as const;

export type ClientName = (typeof CLIENT_NAMES)[number];
export type ServerName = (typeof SERVER_NAMES)[number];
export type SDKName = (typeof SDK_NAMES)[number];
