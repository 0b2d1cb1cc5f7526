import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface Page {
  readonly html: string;
  /**
   * The value of Content-Security-Policy. It permits only the inlined script and style, and requests to the collector
   * itself.
   */
  readonly policy: string;
}

/** In the published package the page is beside the command line. When the sources run, as in tests, it is in dist/. */
const PLACES = ['page.html', '../../../dist/page.html'];

let page: Page | undefined;

/** @throws if the page has not been built */
export function readPage(): Page {
  page ??= withPolicy(readFirst(PLACES.map((place) => new URL(place, import.meta.url))));
  return page;
}

function readFirst([place, ...others]: readonly URL[]): string {
  if (place === undefined) throw new Error('the page is not built');
  try {
    return readFileSync(place, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return readFirst(others);
  }
}

function withPolicy(html: string): Page {
  const [, style = ''] = /<style>([\s\S]*?)<\/style>/.exec(html) ?? [];
  const [, script = ''] = /<script type="module">([\s\S]*?)<\/script>/.exec(html) ?? [];
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ];
  return { html, policy: policy.join('; ') };
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
