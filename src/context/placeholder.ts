import { formatAddress, parseAddress } from '../headers/address.ts';
import { formatBaggage } from '../headers/baggage.ts';
import { BAGGAGE_HEADER, TRACE_HEADER } from '../headers/names.ts';
import { ChildRuns } from './clock-skew.ts';
import { SILENT_CLIENT } from './left-out.ts';
import type { RemoteRun } from './remote-run.ts';

/**
 * Represents the caller's run until the SDK's class is known, for example in a bundle that has not made a run yet. It
 * has no `postRun`, so the SDK does not treat it as a `RunTree`: `traceable` makes a root with its own client and
 * settings. That root is adopted, and its class becomes known. LangChain uses the placeholder as a parent.
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

  /** Returns a new array each time, so the runs that LangChain adds do not accumulate. */
  get child_runs(): unknown[] {
    return new ChildRuns();
  }
  set child_runs(_ignored: unknown[]) {
    // LangChain assigns the array that it has just read. The assignment is ignored.
  }

  /** There is no class to make a child of, so the caller gets a run that is not traced. */
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

  /** The run belongs to the caller. So events, an end and updates are ignored, as they are if there is no run. */
  addEvent(): void {}
  async end(): Promise<void> {}
  async patchRun(): Promise<void> {}

  toJSON(): object {
    return { ...this };
  }

  /** Corresponds to `RunTree.toHeaders`. */
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
 * Whether a placeholder may be shown. After the first call of `createChild` on one, none is shown any more: langsmith
 * 0.1.39 to 0.1.63 calls `createChild` on any object in the store and starts a run of its own only if the store is
 * empty.
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
