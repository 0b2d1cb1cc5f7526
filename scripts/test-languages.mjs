// Tests that a trace goes on through services of other languages that have no LangSmith (`npm run test:languages`). It
// installs them into .cache/languages. `--only python,node` tests some of the languages, and `--available` leaves out
// those whose tools are missing. A run of all that passes writes the table of docs/compatibility.md.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LANGUAGES, middlesOf } from '../fixtures/languages/middles.mjs';
import { formatMarkdown } from '../test/matrix/report.mjs';
import { readArguments, readList } from './arguments.mjs';
import { root, runVitest } from './nodes.mjs';
import { describeMissing, endWith, missingTools, requireTools } from './tools.mjs';

const ALL = Object.keys(LANGUAGES);
const { values } = readArguments('test:languages', {
  only: { type: 'string' },
  available: { type: 'boolean', default: false },
});
const asked = values.only === undefined ? ALL : readList('test:languages', values.only, ALL);
const toolsOf = (language) => LANGUAGES[language].tools;
const isAvailable = (language) => missingTools(toolsOf(language)).length === 0;

const languages = values.available ? asked.filter(isAvailable) : asked;
for (const language of asked.filter((one) => !languages.includes(one))) {
  const reasons = missingTools(toolsOf(language)).map(describeMissing);
  console.log(`SKIPPED: the service in ${language}: ${reasons.join('; ')}`);
}
requireTools('test:languages', languages.flatMap(toolsOf));
const failed = languages.filter((language) => !LANGUAGES[language].install());
if (failed.length > 0) {
  endWith(
    'test:languages',
    `the service in ${failed.join(' and ')} cannot be installed; its message is above`,
  );
}

const middles = middlesOf(languages);
const passed = runVitest(['test/compatibility/languages.test.ts'], {
  TRACE_AGENT_MIDDLES: JSON.stringify(middles),
});
process.exitCode = passed ? 0 : 1;
if (passed && languages.length === ALL.length) writeTable();

function writeTable() {
  const documents = ['compatibility.json', 'compatibility.md'].map((name) => join(root, 'docs', name));
  const between = middles.map(({ name, version, needs }) => ({ name, version, needs }));
  const matrix = { ...JSON.parse(readFileSync(documents[0], 'utf8')), between };
  writeFileSync(documents[0], `${JSON.stringify(matrix, null, 2)}\n`);
  writeFileSync(documents[1], formatMarkdown(matrix));
}
