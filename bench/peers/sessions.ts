import { appendFileSync } from 'node:fs';
import { residentBytes } from '../machine.ts';
import { pause } from '../stage.ts';
import { busySeconds, cpuSecondsOf, familyOf, giveProcessor } from './processors.ts';
import { type Sink, type SinkAnswer, startSink } from './sink.ts';
import { type Running, type SubjectName, subjects } from './subjects.ts';

/** One subject, started anew with its readers, and what is measured on it in turn. */
export interface Session {
  subject: SubjectName;
  readers: number;
  /** What a browser sends with its handshake, some 600 bytes of header. */
  asBrowser: boolean;
  steps: readonly Step[];
}

export type Step = 'connect' | 'capacity' | 'burst' | 'latency' | 'held' | 'storm';

/** One measurement, as it is kept: a line of JSON. */
export interface Measured {
  at: string;
  step: Step;
  subject: SubjectName;
  readers: number;
  asBrowser: boolean;
  /** What is compared was measured in the same round. */
  round: string;
  figures: Record<string, number>;
}

export interface Way {
  directory: string;
  round: string;
  /** Each measurement, in seconds. */
  seconds: number;
  /** Where lines are kept. */
  kept: string;
}

/** Posts that a burst has. */
const burst = 8;
/** Posts that were missed in a storm. */
const missed = 50;
/** Time for what was begun to settle before something is read, in milliseconds. */
const settleMs = 600;
/** Collecting the garbage of the largest heap here takes less. */
const collectMs = 700;

const browserHeaders = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Pragma: no-cache',
  'Cache-Control: no-cache',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Cookie: sid=%I-5f2b9c1e7a3d48d0b6c4f1a2e3d4c5b6; theme=dark; consent=a1b2c3d4e5f60718293a4b5c6d7e8f90',
].flatMap((header) => ['--header', header]);

export async function runSession({ subject, readers, asBrowser, steps }: Session, way: Way): Promise<Measured[]> {
  const { directory, round, seconds, kept } = way;
  await using server = await subjects[subject].start({ directory, channels: 1 });
  await using sink = startSink([
    ...['--n', readers, ...server.flags],
    ...(steps.includes('storm') ? server.returning : []),
    ...(asBrowser ? browserHeaders : []),
  ]);
  const pids = familyOf(server.pid);
  giveProcessor(pids);
  await pause(settleMs);
  const all: Measured[] = [];
  const keep = (step: Step, figures: Record<string, number>) => {
    const measured = { at: new Date().toISOString(), step, subject, readers, asBrowser, round, figures };
    appendFileSync(kept, `${JSON.stringify(measured)}\n`);
    all.push(measured);
    return figures;
  };
  const measure = (command: string) => metered({ sink, pids, beside: server.beside }, command);

  keep('connect', await connected({ server, sink, pids }, readers, measure));
  if (steps.includes('storm')) {
    keep('storm', await stormed(sink, readers, measure));
    return all;
  }
  if (steps.some((step) => step !== 'connect')) await sink.ask('closed 1 1.5');
  let capacity = 0;
  if (steps.includes('capacity') || steps.includes('held')) {
    ({ perSecond: capacity = 0 } = keep('capacity', await measure(`closed ${inFlight(readers)} ${seconds}`)));
  }
  if (steps.includes('burst')) keep('burst', await measure(`burst ${burst} ${seconds}`));
  if (steps.includes('latency')) keep('latency', await measure(`rate 10 ${seconds}`));
  if (steps.includes('held')) keep('held', await held(sink, { capacity, readers, seconds }, measure));
  return all;
}

type Measure = (command: string) => Promise<Record<string, number>>;

/** Posts under way at once, so that a server always has one to send. */
function inFlight(readers: number): number {
  return readers <= 1_000 ? 8 : readers <= 5_000 ? 3 : 2;
}

/** Connects and subscribes everyone; what it takes of the server, and what each reader holds, as it is and with the garbage gone. */
async function connected(
  { server, sink, pids }: { server: Running; sink: Sink; pids: readonly number[] },
  readers: number,
  measure: Measure,
): Promise<Record<string, number>> {
  const resident = () => pids.reduce((sum, pid) => sum + residentBytes(pid), 0);
  const collect = async () => {
    if (!server.collects) return;
    process.kill(server.pid, 'SIGUSR2');
    await sink.ask(`sleep ${collectMs / 1_000}`);
  };
  await collect();
  const before = resident();
  const figures = await measure('connect');
  if (figures.connected !== readers) throw new Error(`${figures.connected} of ${readers} readers were connected.`);
  await sink.ask('sleep 0.5');
  const after = resident();
  await collect();
  const collected = resident();
  return {
    ...figures,
    cpuMs: (figures.serverCpu! * 1_000) / readers,
    bytesPerReader: (after - before) / readers,
    ...(server.collects && { bytesPerReaderCollected: (collected - before) / readers }),
  };
}

/** The highest of some rates at which everything came, and 99 of 100 within 250 ms: deliveries a second. */
async function held(
  sink: Sink,
  { capacity, readers, seconds }: { capacity: number; readers: number; seconds: number },
  measure: Measure,
): Promise<Record<string, number>> {
  for (const share of [0.95, 0.85, 0.75, 0.65, 0.5, 0.35]) {
    const figures = await measure(`rate ${((capacity / readers) * share).toFixed(2)} ${seconds}`);
    if (figures.messages === figures.expected && figures.p99Ms! < 250) return { ...figures, held: figures.perSecond!, share };
    await sink.ask('sleep 0.5');
  }
  return { held: 0, share: 0 };
}

/** All are cut off, posts are published meanwhile, and all come back at once: until each has everything that it missed. */
async function stormed(sink: Sink, readers: number, measure: Measure): Promise<Record<string, number>> {
  await sink.ask('publish 3 5');
  await sink.ask('sleep 1');
  await sink.ask('drop');
  await sink.ask('sleep 1');
  await sink.ask(`publish ${missed} 200`);
  await sink.ask('sleep 0.5');
  const figures = await measure(`storm ${missed} 60`);
  if (figures.complete !== readers) throw new Error(`${figures.complete} of ${readers} readers had all that they missed.`);
  return figures;
}

/** What the sink tells of a command, and what it took of the server and of what works beside it. */
async function metered(
  { sink, pids, beside }: { sink: Sink; pids: readonly number[]; beside: readonly number[] },
  command: string,
): Promise<Record<string, number>> {
  const spent = () => ({ server: cpuSecondsOf(pids), beside: cpuSecondsOf(beside), busy: busySeconds(), at: performance.now() });
  const before = spent();
  const answer = await sink.ask(command);
  const after = spent();
  const serverCpu = after.server - before.server;
  return {
    ...told(answer),
    serverCpu,
    besideCpu: after.beside - before.beside,
    foreignCpu: after.busy - before.busy - serverCpu,
    wall: (after.at - before.at) / 1_000,
    ...(answer.messages > 0 && { cpuPerMillion: (serverCpu * 1e6) / answer.messages }),
  };
}

function told(answer: SinkAnswer): Record<string, number> {
  const figures: Record<string, number | undefined> = {
    connected: answer.connected,
    failed: answer.failed,
    closed: answer.closed,
    published: answer.published,
    messages: answer.messages,
    expected: answer.expected,
    bytes: answer.bytes,
    misordered: answer.order_err,
    perSecond: answer.msgs_per_s ?? answer.per_s,
    seconds: answer.secs,
    p50Ms: answer.p50_ms,
    p99Ms: answer.p99_ms,
    mostMs: answer.max_ms,
    sinkCpu: answer.sink_cpu,
    complete: answer.complete,
    extra: answer.extra,
  };
  return Object.fromEntries(Object.entries(figures).filter((entry): entry is [string, number] => entry[1] !== undefined));
}
