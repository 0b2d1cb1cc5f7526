// Reads the arguments of every script. An unknown argument prints one line on stderr and ends the script with exit
// code 2.
import { parseArgs } from 'node:util';

/** The exit code for invalid arguments, as in shells and POSIX tools. */
const USAGE_ERROR = 2;

/**
 * Reads the arguments of a script.
 *
 * @param {string} script the name by which users start it, as in `npm run image`
 * @param {import('node:util').ParseArgsConfig['options']} [options] as `parseArgs` takes them
 * @param {{positionals?: readonly string[] | 'any'}} [allowed] the permitted positional arguments; none by default
 * @returns {{values: Record<string, any>, positionals: string[]}}
 */
export function readArguments(script, options = {}, { positionals: words = [] } = {}) {
  let parsed;
  try {
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    // The rest of the message explains how to pass an argument that begins with a dash.
    refuseArguments(script, error.message.split(/\. |\n/)[0].replace(/\.$/, ''));
  }
  if (words !== 'any') for (const word of parsed.positionals) refuseUnknown(script, word, words);
  return parsed;
}

/** Splits a list, and ends the script if a part is not one of the known ones. @returns {string[]} the parts */
export function readList(script, text, known) {
  const parts = text.split(',').map((part) => part.trim());
  for (const part of parts) refuseUnknown(script, part, known);
  return parts;
}

/** Parses a number, and ends the script if the text is not a whole number above zero. @returns {number} */
export function readCount(script, option, text) {
  if (!/^[1-9]\d*$/.test(text)) refuseArguments(script, `--${option} takes a number above 0, not '${text}'`);
  return Number(text);
}

/** Prints one line and ends the script with exit code 2. */
export function refuseArguments(script, why) {
  console.error(`${script}: ${why}`);
  process.exit(USAGE_ERROR);
}

function refuseUnknown(script, word, known) {
  if (known.includes(word)) return;
  const hint = known.length > 0 ? `; it takes ${known.join(', ')}` : '';
  refuseArguments(script, `Unknown argument '${word}'${hint}`);
}
