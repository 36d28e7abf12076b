import type { Quantiles } from '../histogram.ts';
import type { Machine } from '../machine.ts';
import type { AttackFigures } from './attack.ts';
import type { ListFigures } from './channel-lists.ts';
import type { CatchUpFigures, FanOutFigures } from './delivery.ts';
import type { StoreKind } from './environment.ts';
import { bounds, type FloodFigures, isWithin, type RequestFigures } from './public-requests.ts';
import type { ChannelsFigures, CostFigures, MemoryFigures, NodesFigures } from './shared-store.ts';
import type { AppendFigures } from './writes.ts';

/** Formats the figures as text. */
export interface Figures {
  machine: Machine;
  store: StoreKind;
  workers: number;
  /** What was measured at a smaller size than requested, and why. */
  remarks: string[];
  engine: AppendFigures[];
  authors: AppendFigures[];
  cost: CostFigures[];
  memory: MemoryFigures[];
  channels: ChannelsFigures[];
  nodes: NodesFigures[];
  fanOut: FanOutFigures[];
  catchUp: CatchUpFigures[];
  lists: ListFigures[];
  requests: RequestFigures[];
  floods: FloodFigures[];
  attacks: AttackFigures[];
}

export function report(figures: Figures): string {
  const {
    machine,
    store,
    workers,
    remarks,
    engine,
    authors,
    cost,
    memory,
    channels,
    nodes,
    fanOut,
    catchUp,
    lists,
    requests,
    floods,
    attacks,
  } = figures;
  const appends = (figures: readonly AppendFigures[]) =>
    figures.map(({ writers, perSecond, latency, server, store, load, bound }) => {
      return [String(writers), number(perSecond), ...p50p99(latency), ...[server, store, load, bound].map(number)];
    });
  const spent = ['posts/s', 'p50 ms', 'p99 ms', 'server µs', 'store µs', 'load µs', 'bound/s'];
  return [
    `Machine   ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB; Node ${machine.node}; ${machine.kernel}`,
    `          journal in ${store}, on ${machine.fileSystem}; load average ${machine.load}; ulimit -n ${machine.openFiles}`,
    `          ${workers === 1 ? 'server' : `${workers} workers of the server`}, authors and readers share the cores`,
    ...remarks.map((remark) => `Note      ${remark}`),
    '',
    section(
      'Publishing over HTTP; each author waits for the answer, which follows the sync',
      ['authors', ...spent],
      appends(authors),
    ),
    section('The engine alone', ['concurrent', ...spent], appends(engine)),
    ...sharedSections({ cost, memory, channels, nodes }),
    section(
      'From publication to reader, measured from before the request; last: until the last reader had the post',
      ['readers', 'posts', 'missing', 'p50 ms', 'p99 ms', 'last p50', 'last p99', 'last max', ''],
      fanOut.map(({ transport, readers, posts, missing, latency, last }) => {
        const facts = [String(readers), String(posts), String(missing), ...p50p99(latency), ...p50p99(last), ms(last.most)];
        return [...facts, over[transport]];
      }),
    ),
    section(
      'CPU and memory of the server, and CPU of the readers',
      [
        'readers',
        'CPU s per million deliveries',
        'of a core',
        'of a core, readers',
        'KiB per reader, idle',
        'KiB per reader, busy',
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
      'Catch-up',
      ['readers', 'missed', 'p50 ms', 'p99 ms', 'max ms', ''],
      catchUp.map(({ what, readers, missed, latency }) => {
        return [String(readers), String(missed), ...p50p99(latency), ms(latency.most), what];
      }),
    ),
    section(
      'Front pages and lists of a store with 10,000 ended channels, 200 a second, beside 100 readers of a live channel',
      [
        ...['refused', 'p50 ms', 'p99 ms', 'ready p99', 'snapshot p99', 'event p99', 'max', 'late p99', 'server', 'store', ''],
        'not ready',
      ],
      lists.map(({ what, pages, refused, notReady, ready, snapshots, events, lateMs, server, store }) => [
        String(refused),
        ...p50p99(pages),
        ...[ready.p99, snapshots.p99, events.p99, events.most].map(ms),
        lateMs === undefined ? '-' : ms(lateMs),
        ...[server, store].map((share) => `${Math.round(share * 100)} %`),
        what,
        notReady,
      ]),
    ),
    section(
      `Public requests, in CPU time; bounds: ${bounds.cpuMs} ms plus 1 ms per ${number(bounds.bytesPerMs / 1_000)} kB, and ${bounds.stretchMs} ms of the main thread without a break`,
      ['status', 'kB', 'kB sent', 'CPU ms', 'longest ms', 'how', ''],
      requests.map((figures) => {
        const { route, way, status, contentBytes, sentBytes, cpuMs, stretchMs } = figures;
        const kilobytes = [contentBytes, sentBytes].map((bytes) => (bytes / 1_000).toFixed(1));
        const name = isWithin(figures) ? route : `${route}  <- over the bound`;
        return [String(status), ...kilobytes, ms(cpuMs), ms(stretchMs), way, name];
      }),
    ),
    section(
      'Many concurrent requests from one address for uncached pages of earlier versions',
      ['requests', 'refused', 'bytes', 'CPU ms', 'longest ms', ''],
      floods.map(({ what, requests, refused, bytes, cpuMs, stretchMs }) => [
        ...[requests, refused, bytes].map(number),
        ms(cpuMs),
        ms(stretchMs),
        what,
      ]),
    ),
    section(
      'Two addresses that request expensive answers, 50 times a second each, and another reader of a few posts',
      ['requests', 'refused', 'of a core', 'reader p50 ms', 'p99 ms', 'max ms', 'failed', ''],
      attacks.map(({ what, requests, refused, cpuShare, reader }) => [
        ...[requests, refused].map(number),
        `${Math.round(cpuShare * 100)} %`,
        ...[reader.p50Ms, reader.p99Ms, reader.mostMs].map(ms),
        String(reader.failed),
        what,
      ]),
    ),
  ]
    .filter((part) => part !== undefined)
    .join('\n');
}

const over = { socket: 'over WebSocket', stream: 'over Server-Sent Events' } as const;

function sharedSections({ cost, memory, channels, nodes }: Pick<Figures, 'cost' | 'memory' | 'channels' | 'nodes'>) {
  const share = (value: number) => `${Math.round(value * 100)} %`;
  return [
    section(
      'Cost of a post for the store, minus its idle load',
      ['readers', 'posts', 'commands', 'bytes in', 'bytes out', 'CPU µs'],
      cost.map(({ readers, posts, commands, bytesIn, bytesOut, storeCpuMicros }) => [
        String(readers),
        String(posts),
        commands.toFixed(1),
        ...[bytesIn, bytesOut, storeCpuMicros].map(number),
      ]),
    ),
    section(
      'Space that remains used in the store',
      ['per', 'bytes in memory', 'bytes in the file', 'by key', ''],
      memory.map(({ what, bytes, fileBytes, keys }) => {
        return [what, number(bytes), number(fileBytes), '', keys.map(([name, each]) => `${name} ${number(each)}`).join(', ')];
      }),
    ),
    section(
      'Many channels on one node, with one reader each',
      ['channels', 'authors', 'posts/s', 'commands/s idle', 'busy', 'server idle', 'busy', 'store idle', 'busy'],
      channels.map((figures) => [
        ...[figures.channels, figures.authors, figures.postsPerSecond, figures.commandsIdle, figures.commandsBusy].map(number),
        ...[figures.serverIdle, figures.serverBusy, figures.storeIdle, figures.storeBusy].map(share),
      ]),
    ),
    section(
      'From publication to reader, measured from before the request',
      ['posts', 'p50 ms', 'p99 ms', ''],
      nodes.map(({ where, posts, latency }) => [String(posts), ...p50p99(latency), where]),
    ),
  ];
}

/** Undefined if the part was not measured. */
function section(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string | undefined {
  return rows.length === 0 ? undefined : `${title}\n${table(head, rows)}`;
}

/** Empty with few readers, because the growth of the process then says nothing about a single reader. */
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

/** Aligns columns to the right, except a last column of words. */
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
