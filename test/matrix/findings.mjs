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

  /** @param check resolves with what is wrong; what it throws is wrong too, unless it is `NotPossible` */
  async run(name, check, NotPossible) {
    try {
      this.check(name, await check());
    } catch (error) {
      if (NotPossible !== undefined && error instanceof NotPossible) {
        this.notPossible.push({ check: name, why: error.message });
      } else this.check(name, error.message);
    }
  }
}
