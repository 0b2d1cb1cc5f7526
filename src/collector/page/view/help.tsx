import { useEffect, useRef } from 'preact/hooks';
import { Icon } from './marks.tsx';

const KEYS: readonly (readonly [keys: readonly string[], meaning: string])[] = [
  [['/'], 'search'],
  [['Enter'], 'in the search: go to the first match'],
  [['n', 'p'], 'next and previous match'],
  [['e'], 'next error in the trace'],
  [['l'], 'go to the list of traces'],
  [['↓', '↑'], 'next and previous row; also j and k'],
  [['→', '←'], 'open and close a row; to its first child, to its parent'],
  [['*'], 'open all rows beside this one'],
  [['Home', 'End'], 'first and last row'],
  [['Enter'], 'show the run, or open the trace'],
  [['Esc'], 'close the run'],
];

const QUERIES: readonly (readonly [query: string, meaning: string])[] = [
  ['error', 'failed'],
  ['service:pay', 'of services whose name starts so'],
  ['>100ms  <2s', 'longer, shorter'],
  [
    'A-1013  "two words"',
    'text in names, ids, errors, tags, and the beginning of metadata, inputs and outputs',
  ],
];

export function Help({ onClose }: { onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="help-title" onClose={onClose}>
      <div class="title">
        <h2 id="help-title">Keyboard and search</h2>
        <button type="button" class="quiet" aria-label="Close" onClick={() => dialog.current?.close()}>
          <Icon name="close" />
        </button>
      </div>
      <dl>
        {KEYS.map(([keys, meaning]) => (
          <div key={meaning}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
        {QUERIES.map(([query, meaning]) => (
          <div key={query}>
            <dt>
              <code>{query}</code>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}
