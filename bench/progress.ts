/** Progress of a run: one line that is redrawn on a terminal, or a line per step elsewhere. */
export interface Progress {
  /** Reports that `done` of `total` steps are complete and that the next one begins. */
  tell(done: number, total: number, what: string): void;
  /** Clears the line before other output. */
  clear(): void;
}

export function progressOn(output: NodeJS.WriteStream, now: () => number = () => performance.now()): Progress {
  const began = now();
  return {
    tell(done, total, what) {
      const line = progressLine({ done, total, what, elapsedMs: now() - began });
      output.write(output.isTTY ? `\r\u001b[K${line.slice(0, output.columns)}` : `${line}\n`);
    },
    clear() {
      if (output.isTTY) output.write('\r\u001b[K');
    },
  };
}

const barWidth = 24;

/** `[======>         ]  7 of 23 · 61 s, about 140 s left · nchan, 5,000 readers` */
export function progressLine({
  done,
  total,
  what,
  elapsedMs,
}: {
  done: number;
  total: number;
  what: string;
  elapsedMs: number;
}): string {
  const filled = Math.round((done / total) * barWidth);
  const bar = `${'='.repeat(filled)}>`.slice(0, barWidth).padEnd(barWidth);
  const seconds = Math.round(elapsedMs / 1_000);
  const left = done === 0 ? '' : `, about ${Math.round(((elapsedMs / done) * (total - done)) / 1_000)} s left`;
  return `[${bar}] ${String(done).padStart(String(total).length)} of ${total} · ${seconds} s${left} · ${what}`;
}
