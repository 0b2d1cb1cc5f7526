import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../support/app.ts';
import type { Pod } from './pod.ts';

/** A pod as the API server's own engine made it, and the SHA-256 of what it made it from. */
export interface Golden {
  /** Policy and pod: `image-volume/bare`. */
  readonly name: string;
  readonly policy: Source;
  readonly input: Source;
  readonly pod: Pod;
}

export interface Source {
  readonly file: string;
  readonly sha256: string;
}

export const POLICIES = ['image-volume', 'init-container'] as const;

const directory = join(root, 'test', 'admission');

/** Every golden pod of a policy. */
export function goldenPods(policy: string): Golden[] {
  return readdirSync(join(directory, 'golden', policy)).map((file) => ({
    name: `${policy}/${file.replace('.json', '')}`,
    ...JSON.parse(readFileSync(join(directory, 'golden', policy, file), 'utf8')),
  }));
}

/** The names of the pods that the engine is given. */
export function inputs(): string[] {
  return readdirSync(join(directory, 'pods')).map((file) => file.replace('.yaml', ''));
}
