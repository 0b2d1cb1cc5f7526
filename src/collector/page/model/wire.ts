/** The data that the collector sends to the trace page, as JSON. Times are milliseconds since the epoch. */

/** A trace in the list. */
export interface TraceSummary {
  readonly id: string;
  /** The root's name, or the first run's where the root has not arrived. */
  readonly name: string;
  readonly rootSeen: boolean;
  readonly project?: string;
  readonly services: readonly string[];
  readonly startTime: number;
  /** The end of the last run; absent while a run is not over. */
  readonly endTime?: number;
  readonly runs: number;
  readonly errors: number;
  /** The beginning of the root's inputs, or of the first error, on one line. */
  readonly preview: string;
  /** The text that the search looks at. */
  readonly text: string;
}

/** A run in the waterfall: what a row needs, whatever the size of the run. */
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
  /** Whether the agent has moved the start to the parent's, because the clock of the service is behind. */
  readonly startRaised: boolean;
  readonly text: string;
}

/** The answer to `GET /page/traces/<id>`: the runs in the order of their dotted orders. */
export interface TraceRuns {
  readonly runs: readonly RunSummary[];
}

/** An event of `GET /page/events`: first all traces, then those that changed. */
export interface TraceChanges {
  /** Whether `traces` replaces what was sent before. */
  readonly reset: boolean;
  readonly traces: readonly TraceSummary[];
  readonly removed: readonly string[];
  /** How many traces the collector holds. The list has the newest of them. */
  readonly total: number;
}
