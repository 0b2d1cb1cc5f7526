/** The data that the collector sends to the trace page, as JSON. Times are milliseconds since the epoch. */

/** A trace in the list. */
export interface TraceSummary {
  readonly id: string;
  /** The name of the root, or of the first run if the root has not arrived. */
  readonly name: string;
  readonly rootSeen: boolean;
  readonly project?: string;
  readonly services: readonly string[];
  readonly startTime: number;
  /** The end of the last run; absent while a run has not ended. */
  readonly endTime?: number;
  readonly runs: number;
  readonly errors: number;
  /** The beginning of the root's inputs, or of the first error, on one line. */
  readonly preview: string;
  /** The text that the search examines. */
  readonly text: string;
}

/** The data of a run that a row of the waterfall needs. Its size is bounded whatever the size of the run. */
export interface RunSummary {
  readonly id: string;
  readonly parentRunId?: string;
  readonly name: string;
  readonly runType: string;
  readonly service?: string;
  readonly startTime: number;
  readonly endTime?: number;
  /** The first line of the error. */
  readonly error?: string;
  /** Whether the agent moved the start to the parent's start, because the clock of the service is behind. */
  readonly startRaised: boolean;
  readonly text: string;
}

/** The answer to `GET /page/traces/<id>`: the runs in the order of their dotted orders. */
export interface TraceRuns {
  readonly runs: readonly RunSummary[];
}

/** An event of `GET /page/events`. The first holds all traces, later ones hold the traces that changed. */
export interface TraceChanges {
  /** Whether `traces` replaces the traces that were sent before. */
  readonly reset: boolean;
  readonly traces: readonly TraceSummary[];
  readonly removed: readonly string[];
  /** The number of traces that the collector holds. The list has only the newest of them. */
  readonly total: number;
}
