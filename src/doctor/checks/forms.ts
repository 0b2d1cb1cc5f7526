/** Turns what a probe has sent about a package into a finding. */
import type { ProbeResult } from '../child.ts';
import type { Form, FormResult } from '../probe/task.ts';
import type { Package } from '../project.ts';
import type { Finding } from '../report.ts';

/** Errors of Node.js for a form that a package does not offer. */
const NOT_OFFERED = /ERR_REQUIRE_ESM|ERR_REQUIRE_ASYNC_MODULE|ERR_PACKAGE_PATH_NOT_EXPORTED/;
const FORMS: readonly Form[] = ['require', 'import'];

/** The judgement on one form of a package. */
export type Verdict =
  | { readonly kind: 'good' }
  /** The library worked, and the trace was not there or was another one. */
  | { readonly kind: 'wrong'; readonly what: string }
  | { readonly kind: 'notLoaded' | 'failed'; readonly what: string }
  | { readonly kind: 'notTried'; readonly what: string };

export type Verdicts = Readonly<Record<Form, Verdict>>;

/** @param judge says what is wrong with a form that was called without an error; `undefined` if nothing is */
export function verdictsOf(
  probe: ProbeResult,
  judge: (form: Form, result: FormResult) => string | undefined,
): Verdicts {
  const verdict = (form: Form): Verdict => {
    const result = probe.answer?.[form] as FormResult | undefined;
    if (result === undefined) return { kind: 'notTried', what: whyNot(probe) };
    if (result.loadError !== undefined) return { kind: 'notLoaded', what: result.loadError };
    if (result.callError !== undefined) return { kind: 'failed', what: result.callError };
    const what = judge(form, result);
    return what === undefined ? { kind: 'good' } : { kind: 'wrong', what };
  };
  return { require: verdict('require'), import: verdict('import') };
}

export function whyNot({ isTimeout, stderr }: ProbeResult): string {
  if (isTimeout) return 'it was not finished in time';
  return stderr === '' ? 'its process ended early' : `its process ended: ${stderr}`;
}

/** Whether it is worth a second try without the agent, to tell whose fault a failure is. */
export function hasFailed(verdicts: Verdicts): boolean {
  const kinds = FORMS.map((form) => verdicts[form].kind);
  return kinds.includes('failed') || kinds.every((kind) => kind === 'notLoaded');
}

/**
 * @param alone the same without the agent, for a package that has failed
 * @param good what is true of a form that is good
 */
export function findingOf(
  { name, version, engines }: Package,
  verdicts: Verdicts,
  alone: Verdicts | undefined,
  good: string,
): Finding {
  const forms = (kind: Verdict['kind']) => FORMS.filter((form) => verdicts[form].kind === kind);
  const whatOf = (form: Form | undefined) => {
    const verdict = form === undefined ? undefined : verdicts[form];
    return verdict !== undefined && verdict.kind !== 'good' ? verdict.what : '';
  };
  const finding = (outcome: Finding['outcome'], text: string, remedy?: string): Finding => ({
    outcome,
    check: name,
    summary: `${version}: ${text}`,
    remedy,
  });
  const [wrong] = forms('wrong');
  if (wrong !== undefined) {
    const where = forms('wrong').join(', ');
    return finding(
      'problem',
      `${whatOf(wrong)} (${where})`,
      'TRACE_AGENT_LOG=debug says why; see docs/limits.md',
    );
  }
  const [failed] = forms('failed');
  if (failed !== undefined) {
    // Without the agent there is no trace. So a call that worked there is `wrong`.
    const kind = alone?.[failed].kind;
    if (kind !== 'wrong' && kind !== 'good') {
      const where = kind === 'failed' ? ', with or without the agent' : '';
      return finding('skipped', `cannot be tried here${where}: ${whatOf(failed)}`);
    }
    return finding(
      'problem',
      `a call fails under the agent (${failed}): ${whatOf(failed)}`,
      'please report this',
    );
  }
  const [notTried] = forms('notTried');
  const isGood = forms('good').length > 0;
  if (notTried !== undefined && !isGood) return finding('skipped', `not tried: ${whatOf(notTried)}`);
  if (!isGood) {
    const isAlone = alone !== undefined && FORMS.every((form) => alone[form].kind === 'notLoaded');
    const needs = engines === undefined ? '' : ` (it needs ${engines})`;
    const text = `does not load on Node.js ${process.versions.node}${needs}: ${whatOf('import')}`;
    return isAlone
      ? finding('problem', text, 'This has nothing to do with the agent. Install a version for this Node.js.')
      : finding('problem', `${text}; without the agent it does`, 'please report this');
  }
  const broken = forms('notLoaded').find((form) => !NOT_OFFERED.test(whatOf(form)));
  const untried = notTried === undefined ? '' : `; ${notTried} was not tried: ${whatOf(notTried)}`;
  const unloaded = broken === undefined ? '' : `; ${broken} does not load: ${whatOf(broken)}`;
  const isWhole = notTried === undefined && broken === undefined;
  return finding(isWhole ? 'ok' : 'note', `${good} (${forms('good').join(', ')})${untried}${unloaded}`);
}
