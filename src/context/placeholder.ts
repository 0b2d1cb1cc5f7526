import { formatAddress, parseAddress } from '../headers/address.ts';
import { formatBaggage } from '../headers/baggage.ts';
import { BAGGAGE_HEADER, TRACE_HEADER } from '../headers/names.ts';
import { ChildRuns } from './clock-skew.ts';
import type { RemoteRun } from './remote-run.ts';
import { createChildOf } from './run-tree-class.ts';

/**
 * Stands for the caller's run where the SDK asks for the current one (`getCurrentRunTree(true)`). It has no
 * `postRun`, so the SDK does not take it for a `RunTree`: `traceable` makes a root of its own, with its own
 * client and settings, which is then adopted. LangChain takes it for a parent as it is.
 */
export class Placeholder {
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

  /** As `RunTree.createChild`: for code that asks for the current run and makes a child by hand. */
  createChild(config: Record<string, unknown>): unknown {
    return createChildOf(this, config);
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
