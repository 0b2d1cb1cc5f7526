/** The words of `TRACE_AGENT_LOG=debug`. `docs/limits.md` explains each of them. */
export const OUTGOING = {
  everything: 'sent in full',
  external: 'sent without metadata and tags: the destination is not in TRACE_AGENT_SHARE_METADATA_WITH',
  inPart: 'sent in part: no room',
  notSampled: 'sent as not sampled',
  noRun: 'not sent: no run is current',
  tracingOff: 'not sent: no run is current, and tracing is off',
  notTraced: 'not sent: tracing is off for the current run',
  invalidRun: 'not sent: the current run has no valid dotted order',
  detached: 'not sent: the context is that of a connection, which is detached from its run',
  ended: 'not sent: the context of the request has ended',
  ownHeader: 'not sent: the application has set the header itself',
  excepted: 'not sent: the destination is excepted from TRACE_AGENT_PROPAGATE_TO',
  notIncluded: 'not sent: the destination is not in TRACE_AGENT_PROPAGATE_TO',
  langSmith: 'not sent: this is LangSmith’s own API',
  unknown: 'not sent: the destination cannot be determined',
  noRoom: 'not sent: no room',
  connect: 'not sent: the method is CONNECT',
  notFollowed: 'not sent: the queue of the library cannot be followed',
  unknownForm: 'not sent: this version of undici keeps its headers in an unknown form',
  failed: 'not sent: the agent failed',
} as const;

export const INCOMING = {
  continued: 'continued',
  notSampled: 'continued as not sampled',
  noTrace: 'not continued: there is no langsmith-trace',
  distrusted: 'not continued: the caller is not in TRACE_AGENT_TRUST',
  invalid: 'not continued: langsmith-trace is invalid',
} as const;

export type OutgoingReason = keyof typeof OUTGOING;
export type IncomingReason = keyof typeof INCOMING;
