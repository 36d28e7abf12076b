import { busySeconds, cpuSecondsOf } from './processors.ts';
import type { Sink, SinkAnswer } from './sink.ts';

/** Figures by name. The goals give their units. */
export type Figures = Record<string, number>;

/** Runs a command of the sink. Returns the sink's figures, and the CPU time of the server and of the processes beside it. */
export type Measure = (command: string) => Promise<Figures>;

export interface Meters {
  sink: Sink;
  /** Processes of the server. */
  pids: readonly number[];
  /** Processes of the server's store and of the publisher. */
  beside: readonly number[];
}

export function createMeter({ sink, pids, beside }: Meters): Measure {
  const read = () => ({ server: cpuSecondsOf(pids), beside: cpuSecondsOf(beside), busy: busySeconds(), at: performance.now() });
  return async (command) => {
    const before = read();
    const answer = await sink.ask(command);
    const after = read();
    const serverCpu = after.server - before.server;
    return {
      ...figuresOf(answer),
      serverCpu,
      besideCpu: after.beside - before.beside,
      // CPU time that other processes took of the server's core.
      foreignCpu: after.busy - before.busy - serverCpu,
      wall: (after.at - before.at) / 1_000,
      ...(answer.messages !== undefined && answer.messages > 0 && { cpuPerMillion: (serverCpu * 1e6) / answer.messages }),
    };
  };
}

function figuresOf(answer: SinkAnswer): Figures {
  const figures: Record<string, number | undefined> = {
    connected: answer.connected,
    failed: answer.failed,
    closed: answer.closed,
    published: answer.published,
    messages: answer.messages,
    expected: answer.expected,
    bytes: answer.bytes,
    misordered: answer.order_err,
    newest: answer.newest,
    perSecond: answer.msgs_per_s ?? answer.per_s,
    seconds: answer.secs,
    p50Ms: answer.p50_ms,
    p99Ms: answer.p99_ms,
    mostMs: answer.max_ms,
    sinkCpu: answer.sink_cpu,
    complete: answer.complete,
    extra: answer.extra,
    gaps: answer.gaps,
    repeats: answer.repeats,
    moved: answer.moved,
  };
  return Object.fromEntries(Object.entries(figures).filter((entry): entry is [string, number] => entry[1] !== undefined));
}
