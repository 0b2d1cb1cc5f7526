/** The words that the doctor and its probes share. */
import type { ClientName, SDKName, ServerName } from '../names.ts';

/** How a package is loaded: as CommonJS or as an ES module. */
export type Form = 'require' | 'import';

/** Loads a module as code of the project does. */
// biome-ignore lint/suspicious/noExplicitAny: modules of libraries, each with its own types
export type Load = (name: string) => Promise<any>;

export interface Caller {
  readonly trace: string;
  readonly baggage: string;
}

/** The servers of the doctor, on loopback. What arrives is found again by the id in the path. */
export interface Targets {
  readonly url: string;
  readonly http2: string;
}

interface ClientTask extends Caller {
  readonly kind: 'client';
  readonly name: ClientName;
  readonly targets: Targets;
  /** The ids of the calls. */
  readonly ids: Readonly<Record<Form, string>>;
}

interface BuiltinsTask extends Caller {
  readonly kind: 'builtins';
  readonly targets: Targets;
  readonly ids: Readonly<Record<'http' | 'fetch' | 'http2', string>>;
}

interface ServerTask extends Caller {
  readonly kind: 'server';
  readonly name: ServerName;
}

interface SDKTask {
  readonly kind: 'sdk';
  readonly name: SDKName;
  /** The callers' runs. */
  readonly callers: Readonly<Record<Form, Caller>>;
}

export type Task = { readonly kind: 'status' } | ClientTask | BuiltinsTask | ServerTask | SDKTask;
export type TaskOf<Kind extends Task['kind']> = Extract<Task, { kind: Kind }>;

/** The result of one form. Without an error the call was made. A server adds whether its handler was linked. */
export interface FormResult {
  readonly loadError?: string;
  readonly callError?: string;
  readonly isLinked?: boolean;
}
