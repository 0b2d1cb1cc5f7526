import { CopyButton } from './copy-button.tsx';

/** Shown when no trace is selected: explains how to send one, or that one can be selected. */
export function Welcome({ isEmpty }: { isEmpty: boolean }) {
  if (!isEmpty) {
    return (
      <div class="welcome">
        <p>Choose a trace from the list.</p>
        <p class="hint">
          <kbd>l</kbd> goes to the list, <kbd>/</kbd> to the search, <kbd>?</kbd> shows all keys.
        </p>
      </div>
    );
  }
  const command = `LANGSMITH_TRACING=true \\
LANGSMITH_ENDPOINT=${location.origin}/my-service \\
LANGSMITH_API_KEY=any \\
node --import @org/trace-agent/register app.mjs`;
  return (
    <div class="welcome">
      <h2>Waiting for the first trace</h2>
      <p>Start a service that publishes to this local LangSmith:</p>
      <div class="command">
        <pre>{command}</pre>
        <CopyButton label="Copy the command" text={() => command} short />
      </div>
      <p class="hint">The last part of the endpoint is the name under which the service appears.</p>
    </div>
  );
}
