import type { Undo } from '../instrumentation.ts';
import type { Binder } from './binder.ts';

/** The patches of a library. */
export interface Library {
  /** The name of its package. */
  readonly name: string;
  readonly modules: readonly LibraryModule[];
}

export interface LibraryModule {
  /** Its path within the package, with slashes. */
  readonly file: string | RegExp;
  /**
   * Patches the exports of the module in place. If `replaces` is true, it returns the replacement of the exports
   * instead.
   */
  patch(exports: never, binder: Binder): unknown;
  readonly replaces?: boolean;
  /** Set if the package has no main file. require-in-the-middle passes over such a package. */
  readonly hasNoMain?: boolean;
}

/** A module that a seam of a built-in module observes. */
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
  /** Call it for a module of a named package that was loaded in another way. */
  found(file: string, exports: unknown): void;
  onModules(wanted: readonly WantedModule[]): Undo;
  readonly uninstall: Undo;
}
