import type { Output } from './terminal.ts';

/** A progress line on a terminal. Writes nothing elsewhere. */
export interface ProgressState {
  /** Undefined if the amount of data is unknown. */
  bytes?: number | undefined;
  /** Undefined if it is unknown. */
  totalBytes?: number | undefined;
  /** The number of items, such as lines. */
  count: number;
  counted: string;
}

/** Shortest interval between two updates, milliseconds. */
const drawMs = 100;
const barWidth = 24;

export class ProgressLine {
  readonly #output: Output;
  readonly #now: () => number;
  readonly #began: number;
  #drawn: number | undefined;

  constructor(output: Output, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#now = now;
    this.#began = now();
  }

  update(done: ProgressState): void {
    if (this.#output.isTTY !== true) return;
    const at = this.#now();
    if (this.#drawn !== undefined && at - this.#drawn < drawMs) return;
    this.#drawn = at;
    this.#output.write(`\r\u001b[K${progressLine(done, at - this.#began)}`);
  }

  /** Removes the line before other output. */
  clear(): void {
    if (this.#drawn !== undefined) this.#output.write('\r\u001b[K');
    this.#drawn = undefined;
  }
}

/** `[=====>      ] 42% · 3.1 of 7.4 MB · 812 lines · 1.2 MB/s · 4 s left` */
export function progressLine({ bytes, totalBytes, count, counted }: ProgressState, elapsedMs: number): string {
  const parts: string[] = [];
  if (bytes === undefined) return `${count.toLocaleString('en')} ${counted}`;
  const perSecond = elapsedMs > 0 ? (bytes * 1_000) / elapsedMs : 0;
  if (totalBytes !== undefined && totalBytes > 0) {
    const share = Math.min(1, bytes / totalBytes);
    const filled = Math.round(share * barWidth);
    const bar = '='.repeat(filled) + (filled < barWidth ? '>' : '');
    parts.push(`[${bar.slice(0, barWidth).padEnd(barWidth)}] ${Math.floor(share * 100)}%`);
    parts.push(`${megabytes(bytes)} of ${megabytes(totalBytes)} MB`);
  } else parts.push(`${megabytes(bytes)} MB`);
  parts.push(`${count.toLocaleString('en')} ${counted}`);
  // A rate over less than a second is meaningless.
  if (elapsedMs >= 1_000 && perSecond > 0) {
    parts.push(`${megabytes(perSecond)} MB/s`);
    if (totalBytes !== undefined && bytes < totalBytes) parts.push(`${duration((totalBytes - bytes) / perSecond)} left`);
  }
  return parts.join(' · ');
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toLocaleString('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  return whole < 3_600 ? `${Math.ceil(whole / 60)} min` : `${(whole / 3_600).toFixed(1)} h`;
}
