import type { Undo } from '../instrumentation.ts';
import type { Binder } from './binder.ts';

/** What is patched of a library. */
export interface Library {
  /** The name of its package. */
  readonly name: string;
  readonly modules: readonly LibraryModule[];
}

export interface LibraryModule {
  /** Its path within the package, with slashes. */
  readonly file: string | RegExp;
  /** Patches in place what the module exports; or, where it `replaces` it, returns what takes its place. */
  patch(exports: never, binder: Binder): unknown;
  readonly replaces?: boolean;
}

/** A module that a seam of a built-in module wants to know of. */
export interface WantedModule {
  /** The name of its package, for TRACE_AGENT_LIBRARIES. */
  readonly library: string;
  readonly path: RegExp;
  found(exports: unknown): void;
}

/** The module hooks behind the gate. */
export interface Hooks {
  /** `Module._load` for a request of a named package. `next` is the original. */
  load(
    request: string,
    parent: { filename?: unknown } | null | undefined,
    isMain: boolean,
    next: () => unknown,
  ): unknown;
  /** A module of a named package that was loaded in another way. */
  found(file: string, exports: unknown): void;
  onModules(wanted: readonly WantedModule[]): Undo;
  readonly uninstall: Undo;
}
