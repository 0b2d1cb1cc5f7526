import { formatAddress, parseAddress } from '../headers/address.ts';
import { formatBaggage } from '../headers/baggage.ts';
import { BAGGAGE_HEADER, TRACE_HEADER } from '../headers/names.ts';
import { ChildRuns } from './clock-skew.ts';
import { SILENT_CLIENT } from './left-out.ts';
import type { RemoteRun } from './remote-run.ts';

/**
 * Stands for the caller's run until the SDK's class is known, as in a bundle that has not made a run yet. It has no
 * `postRun`, so the SDK does not take it for a `RunTree`: `traceable` makes a root of its own, with its own
 * client and settings, which is then adopted, and from which the class is learned. LangChain takes it for a parent.
 */
export class Placeholder {
  start_time: number;
  events: unknown[];
  replicas: unknown[] | undefined;
  client: object | undefined;
  id: string;
  trace_id: string;
  dotted_order: string;
  name: string;
  run_type: string;
  project_name: string | undefined;
  address?: object;
  extra: { metadata: Record<string, unknown> };
  tags: string[];
  inputs: object;
  execution_order: number;
  child_execution_order: number;

  constructor(remote: RemoteRun) {
    const { metadata, tags, project, address } = remote.fields;
    this.start_time = Date.now();
    this.events = [];
    this.replicas = undefined;
    this.client = remote.isLeftOut ? SILENT_CLIENT : undefined;
    this.id = remote.runId;
    this.trace_id = remote.traceId;
    this.dotted_order = remote.dottedOrder;
    this.name = 'parent';
    this.run_type = 'chain';
    this.project_name = project;
    const parsedAddress = address === undefined ? undefined : parseAddress(address);
    if (parsedAddress !== undefined) this.address = parsedAddress;
    this.extra = { metadata: { ...metadata } };
    this.tags = [...(tags ?? [])];
    this.inputs = {};
    this.execution_order = 1;
    this.child_execution_order = 1;
  }

  /** A new array each time: whoever adds to it (LangChain does, for each run) does not make it grow. */
  get child_runs(): unknown[] {
    return new ChildRuns();
  }
  set child_runs(_ignored: unknown[]) {
    // LangChain assigns what it has just read.
  }

  /** There is no class to make a child of: the caller goes on with a run that is not traced. */
  createChild(): UntracedRun {
    isMissed = true;
    return new UntracedRun();
  }

  get metadata(): Record<string, unknown> {
    return this.extra.metadata;
  }
  set metadata(metadata: Record<string, unknown>) {
    this.extra = { ...this.extra, metadata: { ...this.extra.metadata, ...metadata } };
  }

  /** The caller's run is the caller's: what is said of it here goes nowhere, as it does where there is no run. */
  addEvent(): void {}
  async end(): Promise<void> {}
  async patchRun(): Promise<void> {}

  toJSON(): object {
    return { ...this };
  }

  /** As `RunTree.toHeaders`. */
  toHeaders(headers?: { set(name: string, value: string): void }): Record<string, string> {
    const { project_name: project, tags, extra } = this;
    const address = formatAddress(this.address);
    const baggage = formatBaggage({ metadata: extra.metadata, tags, project, address });
    const result: Record<string, string> = { [TRACE_HEADER]: this.dotted_order, [BAGGAGE_HEADER]: baggage };
    for (const name of Object.keys(result)) headers?.set(name, result[name] as string);
    return result;
  }
}

let isMissed = false;

/**
 * Whether a placeholder may be shown. Not once a child of one was asked for: langsmith 0.1.39 to 0.1.63 calls
 * `createChild` on whatever is in the store, and only an empty store makes it start a run of its own.
 */
export function canShowPlaceholder(): boolean {
  return !isMissed;
}

class UntracedRun {
  readonly tracingEnabled = false;
  createChild(): UntracedRun {
    return new UntracedRun();
  }
  async postRun(): Promise<void> {}
  async patchRun(): Promise<void> {}
  async end(): Promise<void> {}
  addEvent(): void {}
}
