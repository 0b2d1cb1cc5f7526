/** The types of the public interface. */

/** What is written to stderr: this and what is graver. */
export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/** What `start()` takes. Each option outranks its variable; an option that is `undefined` is not given. */
export interface StartOptions {
  /** `false`: do nothing at all. `TRACE_AGENT_ENABLED`, default `true`. */
  enabled?: boolean | undefined;
  /** `true`: start also where the agent would leave the process alone. `TRACE_AGENT_FORCE`, default `false`. */
  force?: boolean | undefined;
  /** Destinations that get the trace and its project. `TRACE_AGENT_PROPAGATE_TO`, default `*`. */
  propagateTo?: string | undefined;
  /** Destinations that also get metadata and tags. `TRACE_AGENT_SHARE_METADATA_WITH`, default `internal`. */
  shareMetadataWith?: string | undefined;
  /** Peers whose headers are believed. `TRACE_AGENT_TRUST`, default `internal`. */
  trust?: string | undefined;
  /** Libraries that may be patched: `*`, `none`, names, `!name`. `TRACE_AGENT_LIBRARIES`, default `*`. */
  libraries?: string | undefined;
  /** What both headers together may add to a request, in bytes. `TRACE_AGENT_MAX_HEADER_BYTES`, default 8192. */
  maxHeaderBytes?: number | undefined;
  /**
   * How long the process may wait at its end for runs that are still to be sent, in milliseconds. `TRACE_AGENT_FLUSH`,
   * default `off`.
   */
  flush?: number | undefined;
  /** `silent`, `error`, `warn`, `info` or `debug`. `TRACE_AGENT_LOG`, default `warn`. */
  log?: LogLevel | undefined;
}

/** The value of a header, or its bytes, as Kafka clients have them. */
export type HeaderValueLike = string | Uint8Array;

/** Anything that headers can be read from: `req.headers`, a `Headers`, a `Map`, or a message's attributes. */
export type HeadersLike =
  | { get(name: string): HeaderValueLike | null | undefined }
  | Readonly<Record<string, HeaderValueLike | readonly HeaderValueLike[] | undefined>>;

/** Since the agent was started. */
export interface Counts {
  /** Requests that went out with the headers of a run of this process. */
  injected: number;
  /** Requests that went out with the headers of the caller's run. */
  relayed: number;
  /** Requests that came in with a run of the caller's. */
  extracted: number;
  /** Requests that came in with one, from a peer that is not believed. */
  distrusted: number;
}

/** What the agent of this process is doing. */
export interface Status {
  /** Whether an agent is at work in this process. */
  readonly running: boolean;
  /** The version of the agent at work, or of this copy where none is. */
  readonly version: string;
  /** Why none is at work: disabled, stopped, or a runtime that is not supported. */
  readonly reason?: string;
  /** What is in force. */
  readonly config?: {
    readonly propagateTo: string;
    readonly shareMetadataWith: string;
    readonly trust: string;
    readonly libraries: string;
    readonly maxHeaderBytes: number;
    /** In milliseconds; 0 where it is off. */
    readonly flush: number;
    readonly log: string;
  };
  /** Seams that are installed. */
  readonly instrumentation?: readonly string[];
  readonly counts?: Readonly<Counts>;
}
