/** Whether the application is bundled, and whether its bundle holds a library that cannot be followed in there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { linesOfFiles, type Project, readText } from '../project.ts';
import type { Finding } from '../report.ts';

const CHECK = 'bundler';
const BUNDLERS = /(?:^|[\s;&|/])(esbuild|webpack|rollup|ncc|tsup|tsdown|rspack|rolldown|parcel|vite)(?=\s|$)/;
const CONFIGURATIONS = /^(webpack|rollup|tsup|tsdown|rspack|rolldown|esbuild)(\.\w+)*\.([cm]?[jt]s)$/;
/** Options by which all packages stay outside of the bundle. */
const EXTERNAL = /--packages[= ]external|packages:\s*['"]external['"]|nodeExternals|--external[: =]/;

/** The texts by which a library is recognized in a bundle, also in a minified one. */
const SIGNS: Readonly<Record<string, RegExp>> = {
  '@grpc/grpc-js': /grpc-node-js\/|node_modules\/@grpc\/grpc-js\//,
  'undici 5 to 7': /node_modules\/undici\/lib\/|undici\.globalDispatcher\.1/,
  'http2-wrapper': /node_modules\/http2-wrapper\//,
};

export function checkBundlers(project: Project): Finding[] {
  const scripts = Object.entries(project.manifest.scripts ?? {});
  const script = scripts.find(([, text]) => BUNDLERS.test(text));
  const configuration = linesOfFiles(project, CONFIGURATIONS);
  if (script === undefined && configuration.length === 0) return [];
  const where =
    script === undefined ? configuration[0]?.file : `scripts.${script[0]} (${BUNDLERS.exec(script[1])?.[1]})`;
  const file = bundleOf(project);
  const text = file === undefined ? undefined : readText(join(project.directory, file));
  if (text !== undefined) {
    const bundled = Object.entries(SIGNS)
      .filter(([, sign]) => sign.test(text))
      .map(([name]) => name);
    if (bundled.length === 0) {
      return [finding('ok', `${file} holds no library that cannot be followed in a bundle`)];
    }
    const names = bundled.map((name) => `'${name.split(' ', 1)[0]}'`).join(', ');
    const summary = `${file} holds ${bundled.join(', ')}: their requests may carry no trace from there`;
    return [finding('problem', summary, `external: [${names}]`)];
  }
  const isExternal = EXTERNAL.test([script?.[1] ?? '', ...configuration.map(({ line }) => line)].join('\n'));
  if (isExternal) return [finding('ok', `${where} leaves packages out of the bundle`)];
  const remedy =
    "external: ['undici', '@grpc/grpc-js', 'http2-wrapper'], and the queues and drivers of TRACE_AGENT_LIBRARIES";
  return [finding('note', `${where}: libraries in a bundle are not patched`, remedy)];
}

/** The file that the start script, or `main`, names. */
function bundleOf({ directory, manifest }: Project): string | undefined {
  const named = /\bnode\s.*?([\w./-]+\.[cm]?js)\b(?!.*\.[cm]?js)/.exec(
    manifest.scripts?.['start'] ?? '',
  )?.[1];
  return [named, manifest.main].find((file) => file !== undefined && existsSync(join(directory, file)));
}

function finding(outcome: Finding['outcome'], summary: string, remedy?: string): Finding {
  return { outcome, check: CHECK, summary, remedy };
}
