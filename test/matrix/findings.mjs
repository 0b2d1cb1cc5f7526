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
