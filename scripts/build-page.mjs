// Builds the trace page: one HTML file with its script and its style inlined.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';

/** @param {string} root the repository @param {string} outfile where the page is written */
export async function buildPage(root, outfile) {
  const view = join(root, 'src/collector/page/view');
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [join(view, 'main.tsx'), join(view, 'page.css')],
    outdir: 'page',
    write: false,
    bundle: true,
    minify: true,
    charset: 'utf8',
    legalComments: 'none',
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    logLevel: 'warning',
  });
  const text = (extension) => outputFiles.find(({ path }) => path.endsWith(extension)).text.trim();
  const template = await readFile(join(view, 'page.html'), 'utf8');
  // The replacements are functions, because a text may contain `$&`.
  const html = template
    .replace('<style></style>', () => `<style>${text('.css')}</style>`)
    .replace('<script type="module"></script>', () => `<script type="module">${text('.js')}</script>`);
  await writeFile(outfile, html);
}
