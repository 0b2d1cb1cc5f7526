import { useEffect, useState } from 'preact/hooks';
import { Icon } from './marks.tsx';

const SAID_MS = 1500;

export function CopyButton({ label, text, short }: { label: string; text: () => string; short?: boolean }) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), SAID_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return (
    <button
      type="button"
      class="quiet"
      aria-label={short ? label : undefined}
      title={short ? label : undefined}
      onClick={() => void copy(text()).then(setCopied)}
    >
      <Icon name={isCopied ? 'check' : 'copy'} />
      {short ? null : label}
      <span class="visually-hidden" role="status">
        {isCopied ? 'Copied' : ''}
      </span>
    </button>
  );
}

/** The clipboard API exists only on loopback and over HTTPS, and a collector can listen on other addresses too. */
async function copy(text: string): Promise<boolean> {
  if (navigator.clipboard)
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  const field = document.createElement('textarea');
  field.value = text;
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand('copy');
  field.remove();
  return isCopied;
}
