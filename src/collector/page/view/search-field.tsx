import type { RefObject } from 'preact';
import { Icon } from './marks.tsx';

interface Props {
  readonly inputRef: RefObject<HTMLInputElement | null>;
  readonly query: string;
  readonly onQuery: (query: string) => void;
  readonly onEnter: () => void;
}

/** One field filters the list and marks the matching runs of the trace. */
export function SearchField({ inputRef, query, onQuery, onEnter }: Props) {
  return (
    <search class="search">
      <Icon name="search" />
      <input
        ref={inputRef}
        type="search"
        aria-label="Search traces and runs"
        placeholder="error   service:name   >100ms   text"
        autocomplete="off"
        spellcheck={false}
        value={query}
        onInput={(event) => onQuery(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') onEnter();
          else if (event.key === 'Escape') onQuery('');
        }}
      />
      <kbd>/</kbd>
    </search>
  );
}
