/** The types of the public interface. */

/** The least severe level of the messages that are written to stderr. */
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/**
 * The options of `start()`. Each option takes precedence over its variable. An option that is `undefined` counts as
 * absent.
 */
export interface StartOptions {
  /** `false` disables the agent. `TRACE_AGENT_ENABLED`, default `true`. */
  enabled?: boolean | undefined;
  /** `true` starts the agent even where it would refuse to start. `TRACE_AGENT_FORCE`, default `false`. */
  force?: boolean | undefined;
  /** Destinations that receive the trace and its project. `TRACE_AGENT_PROPAGATE_TO`, default `*`. */
  propagateTo?: string | undefined;
  /** Destinations that also receive metadata and tags. `TRACE_AGENT_SHARE_METADATA_WITH`, default `internal`. */
  shareMetadataWith?: string | undefined;
  /** Peers whose headers are trusted. `TRACE_AGENT_TRUST`, default `internal`. */
  trust?: string | undefined;
  /** Libraries that may be patched: `*`, `none`, names, `!name`. `TRACE_AGENT_LIBRARIES`, default `*`. */
  libraries?: string | undefined;
  /**
   * `false` leaves the dotted order out of `baggage`, where it continues the trace behind services that do not pass
   * `langsmith-trace` on. `TRACE_AGENT_TRACE_IN_BAGGAGE`, default `true`.
   */
  traceInBaggage?: boolean | undefined;
  /** The most bytes that both headers together may add to a request. `TRACE_AGENT_MAX_HEADER_BYTES`, default 8192. */
  maxHeaderBytes?: number | undefined;
  /**
   * The most milliseconds that the process waits at its end for runs that are not sent yet. `TRACE_AGENT_FLUSH`,
   * default `off`.
   */
  flush?: number | undefined;
  /** `silent`, `error`, `warn`, `info` or `debug`. `TRACE_AGENT_LOG`, default `warn`. */
  log?: LogLevel | undefined;
}

/**
 * Headers in one of the forms in which frameworks and brokers hand them out: `req.headers`, `req.rawHeaders`, `Headers`, a
 * `Map`, pairs of names and values, SQS `MessageAttributes`, `messageAttributes` and events of AWS Lambda, the headers of
 * kafkajs, node-rdkafka, NATS and AMQP, gRPC metadata, and `_meta` of MCP. Values may be text, bytes, or arrays of those.
 */
export type HeadersLike =
  | { get(name: string): unknown }
  | readonly unknown[]
  | { readonly headers?: object | null | undefined; readonly multiValueHeaders?: object | null | undefined }
  | Readonly<Record<string, unknown>>;

/** The counts since the agent started. */
export interface Counts {
  /** Outgoing requests that carried the headers of a run of this process. */
  injected: number;
  /** Outgoing requests that carried the headers of the caller's run. */
  relayed: number;
  /** Incoming requests that carried a run of the caller. */
  extracted: number;
  /** Incoming requests that carried a run but came from a peer that is not trusted. */
  distrusted: number;
}

/** The state of the agent in this process. */
export interface Status {
  /** Whether an agent is running in this process. */
  readonly running: boolean;
  /** The version of the running agent, or of this copy if no agent is running. */
  readonly version: string;
  /** The reason why no agent is running: disabled, stopped, or an unsupported runtime. */
  readonly reason?: string;
  /** The configuration in force. */
  readonly config?: {
    readonly propagateTo: string;
    readonly shareMetadataWith: string;
    readonly trust: string;
    readonly libraries: string;
    readonly traceInBaggage: boolean;
    readonly maxHeaderBytes: number;
    /** In milliseconds; 0 if it is off. */
    readonly flush: number;
    readonly log: string;
  };
  /** The seams that are installed. */
  readonly instrumentation?: readonly string[];
  readonly counts?: Readonly<Counts>;
}
