import { build } from 'esbuild';
import { root } from './app.ts';

/** Matches a line that begins a function, as esbuild prints it. Arrow functions are converted to functions. */
const FUNCTION = /(?:\bfunction\*?\s*[\w$]*|^\s+(?:static |async |get |set )*[\w$]+)\(.*\) \{$/;
const STATEMENT = /^\s*(?:\} )?(?:else )?(?:if|for|while|switch|catch|with) \(/;
const FILE = /^\/\/ (?:(src\/\S+)|node_modules\/)/;

/**
 * Builds the agent with a fault point at the beginning of each of its functions: the function whose number is
 * `globalThis.faults.armed` throws.
 *
 * @returns its source, a CommonJS file for `--require`, and the names of its functions, by number
 */
export async function buildFaultyAgent(): Promise<{ source: string; names: string[] }> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['src/preload.ts'],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node18',
    supported: { arrow: false },
    define: { __VERSION__: '"faulty"', 'import.meta.url': '"file:///trace-agent/"' },
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  });
  const names: string[] = [];
  let file: string | undefined;
  const lines = (outputFiles[0]?.text ?? '').split('\n').map((line) => {
    // Bundled dependencies get no fault points.
    const begins = FILE.exec(line);
    if (begins !== null) file = begins[1];
    if (file === undefined || !FUNCTION.test(line) || STATEMENT.test(line)) return line;
    names.push(`${file}: ${line.trim().slice(0, -2)}`);
    return `${line} __fault(${names.length - 1});`;
  });
  return { source: `${HEAD}\n${lines.join('\n')}\n${TAIL}\n`, names };
}

const HEAD = `globalThis.faults = { armed: process.env.FAULT === undefined ? undefined : Number(process.env.FAULT), reached: new Set() };
function __fault(number) {
  if (globalThis.faults.armed !== number) return;
  globalThis.faults.reached.add(number);
  throw new Error('a fault on purpose');
}`;
/** Allows messages that were logged once to be logged again. */
const TAIL = 'globalThis.faults.forget = () => said.clear();';
