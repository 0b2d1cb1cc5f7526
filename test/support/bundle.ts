import { join } from 'node:path';
import { build } from 'esbuild';

/** Bundles an application with all its imports. @returns the path of the bundle */
export async function bundle(entry: string, directory: string): Promise<string> {
  const outfile = join(directory, 'app.mjs');
  const js = "import { createRequire as r } from 'node:module'; const require = r(import.meta.url);";
  const options = {
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'error',
  } as const;
  await build({ ...options, entryPoints: [entry], outfile, banner: { js } });
  return outfile;
}
