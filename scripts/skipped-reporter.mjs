// A vitest reporter that names the skipped tests at the end of the output, and prints each reason once.

const NO_REASON = 'no reason is given';
const HOOK_FAILED = 'a hook before them failed';
/** The number of titles that are printed for each reason. The rest is counted. */
const SHOWN = 3;

export default class SkippedReporter {
  onInit(vitest) {
    this.vitest = vitest;
  }

  onTestRunEnd(modules) {
    // With a title pattern, the user chose to leave out the other tests.
    if (this.vitest.config.testNamePattern !== undefined) return;
    console.log(formatSkipped(skippedBy(modules)).join('\n'));
  }
}

/** Returns the titles of the skipped tests, by reason. */
export function skippedBy(modules) {
  const titles = new Map();
  for (const module of modules) {
    for (const test of module.children.allTests('skipped')) {
      const reason = test.result().note ?? (isUnderFailedHook(test) ? HOOK_FAILED : NO_REASON);
      titles.set(reason, [...(titles.get(reason) ?? []), `${module.relativeModuleId}: ${test.fullName}`]);
    }
  }
  return titles;
}

function isUnderFailedHook({ parent }) {
  return parent !== undefined && (parent.errors().length > 0 || isUnderFailedHook(parent));
}

/** @param {Map<string, string[]>} titles by reason */
export function formatSkipped(titles) {
  if (titles.size === 0) return ['Nothing was skipped.'];
  const lines = [];
  for (const [reason, tests] of titles) {
    lines.push(`SKIPPED ${tests.length}: ${reason}`);
    for (const test of tests.slice(0, SHOWN)) lines.push(`  ${test}`);
    if (tests.length > SHOWN) lines.push(`  and ${tests.length - SHOWN} more`);
  }
  return lines;
}
