/**
 * The decision on an outgoing request. It is a small number, so that keeping it costs nothing. The first four are the
 * forms of the headers (`FORM`). Only `TRACE_AGENT_LOG=debug` computes the reason behind the others.
 */
export const DECISION = {
  everything: 0,
  linked: 1,
  tagged: 2,
  bare: 3,
  noRoom: 4,
  refused: 5,
  noRun: 6,
  ownHeader: 7,
  connect: 8,
  notFollowed: 9,
  unknownForm: 10,
  failed: 11,
} as const;
export type Decision = (typeof DECISION)[keyof typeof DECISION];
