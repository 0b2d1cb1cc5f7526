/**
 * Which of Node's own modules somebody in the process has loaded: `process.moduleLoadList`, not documented, Node 18
 * to 26, their names in the order in which they were loaded. Where it is missing, they count as loaded.
 */
const PREFIX = 'NativeModule ';

export function isBuiltinLoaded(name: string): boolean {
  const loaded = loadedModules();
  return loaded === undefined || loaded.includes(PREFIX + name);
}

/** The same, to be asked often: each entry of the list is read once. */
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
