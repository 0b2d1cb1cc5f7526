/**
 * Parts of import-in-the-middle 3 that have no types and are not public entries. The version is pinned for that
 * reason.
 */
declare module 'import-in-the-middle/create-hook.mjs' {
  interface Result {
    readonly url: string;
    readonly source?: unknown;
    readonly format?: string;
  }
  export function createHook(meta: { url: string }): {
    applyOptions(options: { shouldInclude(url: string, specifier: string): boolean }): void;
    resolveSync(specifier: string, context: object, next: () => object): Result;
    loadSync(url: string, context: object, next: (url: string) => unknown): Result;
  };
}
declare module 'import-in-the-middle/lib/register.js' {
  export const register: unknown;
  export const ModuleBinder: unknown;
  export const importHooks: ((url: string, namespace: object, specifier: string) => void)[];
}
declare module 'import-in-the-middle/supports-sync-hooks.mjs' {
  /** Whether Node's synchronous hooks work for CommonJS modules too: 22.22.3, 24.11.1, 25.1 and 26 on. */
  export function supportsSyncHooks(): boolean;
}
