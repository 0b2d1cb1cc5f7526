import { readFileSync } from 'node:fs';
import { fixture } from './app.ts';

/** A self-signed certificate for localhost and 127.0.0.1, for tests only. */
export const certificate = {
  key: readFileSync(fixture('tls/key.pem')),
  cert: readFileSync(fixture('tls/cert.pem')),
};
