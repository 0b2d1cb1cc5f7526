/**
 * Tells which of Node's own modules are loaded in the process. `process.moduleLoadList` (undocumented, Node 18 to 26)
 * has their names in the order of loading. If it is missing, they all count as loaded.
 */
const PREFIX = 'NativeModule ';

export function isBuiltinLoaded(name: string): boolean {
  const loaded = loadedModules();
  return loaded === undefined || loaded.includes(PREFIX + name);
}

/** The same for frequent calls: each entry of the list is read once. */
export function watchBuiltin(name: string): () => boolean {
  const loaded = loadedModules();
  let seen = 0;
  return () => {
    if (loaded === undefined) return true;
    while (seen < loaded.length) if (loaded[seen++] === PREFIX + name) return true;
    return false;
  };
}

function loadedModules(): readonly string[] | undefined {
  const { moduleLoadList } = process as unknown as { moduleLoadList?: readonly string[] };
  return Array.isArray(moduleLoadList) ? moduleLoadList : undefined;
}
