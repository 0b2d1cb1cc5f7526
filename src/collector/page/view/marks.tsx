import type { JSX } from 'preact';
import { ServiceMarks } from '../model/service-marks.ts';

/** Shared by the whole page, so that a service keeps its colour and letter from trace to trace. */
export const marks = new ServiceMarks();

export function colorClass(service: string | undefined): string {
  const { color } = marks.of(service);
  return color === -1 ? 'no-service' : `service-${color}`;
}

/** Shows the letter of a service on its colour. The name is in nearby text or in the title. */
export function ServiceChip({ service }: { service: string | undefined }) {
  return (
    <span class={`chip ${colorClass(service)}`} title={service ?? 'no service name'} aria-hidden="true">
      {marks.of(service).letter}
    </span>
  );
}

const PATHS = {
  alert: 'M8 1.8 14.6 13.6H1.4ZM8 6.2v3.4M8 11.6v.2',
  arrow: 'M2.5 8h10M9 4.5 12.5 8 9 11.5',
  back: 'M13.5 8h-10M7 4.5 3.5 8 7 11.5',
  check: 'M3 8.5 6.5 12 13 4.5',
  chevron: 'M6 3.8 10.2 8 6 12.2',
  clock: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM8 4.6V8l2.4 1.6',
  close: 'M4 4l8 8M12 4l-8 8',
  copy: 'M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8Z',
  cross: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM10.3 10.3l3.4 3.4',
  unseen:
    'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8ZM6.3 6.3a1.8 1.8 0 1 1 2.5 1.7c-.5.2-.8.5-.8 1.1M8 11.2v.2',
} as const;

export function Icon({
  name,
  class: className = '',
}: {
  name: keyof typeof PATHS;
  class?: string;
}): JSX.Element {
  return (
    <svg class={`icon ${className}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
