/** The two headers of LangSmith's distributed tracing, as they are written on the wire. */
export const TRACE_HEADER = 'langsmith-trace';
export const BAGGAGE_HEADER = 'baggage';
