import type { Quantiles } from './histogram.ts';
import type { Machine } from './machine.ts';
import type { AppendFigures, CatchUpFigures, FanOutFigures } from './measure.ts';

/** The figures as a person reads them. */
export interface Figures {
  machine: Machine;
  /** What was left smaller than asked for, and why. */
  remarks: string[];
  engine: AppendFigures[];
  authors: AppendFigures[];
  fanOut: FanOutFigures[];
  catchUp: CatchUpFigures[];
}

export function report({ machine, remarks, engine, authors, fanOut, catchUp }: Figures): string {
  const appends = (figures: readonly AppendFigures[]) =>
    figures.map(({ writers, perSecond, latency }) => [String(writers), number(perSecond), ...p50p99(latency)]);
  return [
    `Machine   ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB; Node ${machine.node}; ${machine.kernel}`,
    `          journal on ${machine.fileSystem}; ulimit -n ${machine.openFiles}`,
    '          server, authors and readers share the cores',
    ...remarks.map((remark) => `Note      ${remark}`),
    '',
    section(
      'Publishing over HTTP, each author waiting for the answer; an answer follows the sync',
      ['authors', 'posts/s', 'p50 ms', 'p99 ms'],
      appends(authors),
    ),
    section('The engine alone', ['at once', 'posts/s', 'p50 ms', 'p99 ms'], appends(engine)),
    section(
      'Publication to reader, from before the request is sent; last: until the last reader had the post',
      ['readers', 'posts', 'missing', 'p50 ms', 'p99 ms', 'last p50', 'last p99', 'last most', ''],
      fanOut.map(({ transport, readers, posts, missing, latency, last }) => {
        const facts = [String(readers), String(posts), String(missing), ...p50p99(latency), ...p50p99(last), ms(last.most)];
        return [...facts, over[transport]];
      }),
    ),
    section(
      "The server's cost of it, and the readers' share",
      [
        'readers',
        'CPU s per million deliveries',
        'of a core',
        'of a core, readers',
        'KiB a reader, idle',
        'KiB a reader, busy',
        '',
      ],
      fanOut.map((figures) => [
        String(figures.readers),
        figures.readers < 500 ? '-' : figures.cpuSecondsPerMillion.toFixed(1),
        `${Math.round(figures.cpuShare * 100)} %`,
        `${Math.round(figures.readersCpuShare * 100)} %`,
        kibPerReader(figures, figures.idleBytesPerReader),
        kibPerReader(figures, figures.busyBytesPerReader),
        over[figures.transport],
      ]),
    ),
    section(
      'Catching up',
      ['readers', 'missed', 'p50 ms', 'p99 ms', 'last ms', ''],
      catchUp.map(({ what, readers, missed, latency }) => {
        return [String(readers), String(missed), ...p50p99(latency), ms(latency.most), what];
      }),
    ),
  ]
    .filter((part) => part !== undefined)
    .join('\n');
}

const over = { socket: 'over WebSocket', stream: 'over Server-Sent Events' } as const;

/** Undefined where it was not measured. */
function section(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string | undefined {
  return rows.length === 0 ? undefined : `${title}\n${table(head, rows)}`;
}

/** Over few readers the growth of a whole process says nothing about one of them. */
function kibPerReader({ readers }: FanOutFigures, bytes: number): string {
  return readers < 500 ? '-' : (bytes / 1024).toFixed(1);
}

function p50p99({ p50, p99 }: Quantiles): string[] {
  return [ms(p50), ms(p99)];
}

function ms(value: number): string {
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0);
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** Columns aligned to the right, but for a last one of words. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const wordsLast = head.at(-1) === '';
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (wordsLast && column === head.length - 1 ? cell : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  return `${all.map((row) => `  ${line(row)}`).join('\n')}\n`;
}
