/** The named checks of one application: what is wrong, and what could not be done. */
export class Findings {
  checks = 0;
  failed = [];
  notPossible = [];

  /** @param problem what is wrong; `undefined` where nothing is */
  check(name, problem) {
    this.checks++;
    if (problem !== undefined) this.failed.push({ check: name, what: problem });
  }

  /**
   * @param check resolves with what is wrong; what it throws is wrong too, unless it is `NotPossible`
   * @returns whether it could be done
   */
  async run(name, check, NotPossible) {
    try {
      this.check(name, await check());
    } catch (error) {
      if (NotPossible !== undefined && error instanceof NotPossible) {
        this.notPossible.push({ check: name, why: error.message });
        return false;
      }
      this.check(name, error.message);
    }
    return true;
  }
}

/** What must be true of every application when all is done. */
export function checkAftermath(findings, apps, collector) {
  const withHeaders = ({ headers }) =>
    headers['langsmith-trace'] !== undefined || headers.baggage !== undefined;
  findings.check('LangSmith’s own API gets no header', collector.requests().find(withHeaders)?.path);
  findings.check('no run is refused', collector.refused()[0]?.reason);
  const lines = apps.flatMap((app) => app.stderr().split('\n'));
  findings.check(
    'the agent has nothing to say',
    lines.find((line) => line.includes('[trace-agent]')),
  );
}

/** What has gone wrong in the same way is told once, with the first check where it did. */
export function grouped(findings, key) {
  const groups = new Map();
  for (const finding of findings) {
    const kind = finding[key]
      .replace(/ \(request \d+\)|\d+ of \d+: /g, '')
      .replace(/\bc\d+\b|:\d{4,5}\b/g, '');
    groups.set(kind, [...(groups.get(kind) ?? []), finding]);
  }
  return [...groups.values()].map(([first, ...others]) => {
    const more = others.length > 0 ? `, and ${others.length} more like it` : '';
    return `${first[key]} [${first.check}${more}]`;
  });
}
