import type { Request, Response } from 'express';
import { FairQueue } from '../fair-queue.ts';
import { Refusal } from '../protocol/problems.ts';
import type { Make } from './build-steps.ts';
import { type Share, Shares } from './fair-shares.ts';
import { responseLimits } from './http-limits.ts';
import { turnKey } from './rates.ts';

/**
 * Builds the answers that are expensive: pages, feeds and long lists. A build starts in one of a few slots, which addresses share
 * fairly, and runs in turns:
 *
 *     run ── waits ── slot free ──> running ── turn ── turn ── … ──> built, charged
 *               │                      │
 *               ├─ no client waits ──> AllClientsGone: leaves the queue at once, or stops before its next turn; charged for
 *               │                      what was made by then
 *               └─ queue too long ───> BuildRefused: 429 with Retry-After
 *
 * - While other addresses wait, an address has at most `buildsOfAddress` slots. Addresses take turns in the queue.
 * - The queue is shared as every other resource (`fair-shares.ts`): one address can hold half of it, and a new address finds room.
 * - One build runs at a time, for about `buildTurnMs`. While several wait for their turn, half of the time is for other work.
 * - The request that caused a build is charged for it once, by what was built, before compression.
 */
export interface Builds {
  /**
   * `waiting`: the clients that wait for the answer. Default: only this one. Throws what `make` throws, `AllClientsGone`, or
   * `BuildRefused`.
   */
  run<T>(client: BuildClient, make: Make<T>, waiting?: WaitingClients): Promise<T>;
}

/** The request that an answer is built for. */
export interface BuildClient {
  address: string;
  /** Not charged by the bytes sent: see `chargesItself`. */
  response: object;
  /** It can receive nothing any more. */
  isGone(): boolean;
  /** Calls `onGone` once it is gone. Returns a function that undoes this. */
  whenGone(onGone: () => void): () => void;
}

/** Every client that waited for the answer has disconnected. */
export class AllClientsGone extends Error {}

/** The queue had no room. */
export class BuildRefused extends Refusal {
  readonly client: BuildClient;
  constructor(client: BuildClient) {
    super('rate-limited', {
      detail: 'Too many pages, feeds and lists are being made at the moment.',
      retryAfter: responseLimits.momentRetrySeconds,
    });
    this.client = client;
  }
}

export interface BuildOptions {
  /** The client caused a build that made this much, finished or not. */
  charge(client: BuildClient, madeBytes: number): void;
  onChange?(counts: { running: number; waiting: number }): void;
  onEnded?(how: BuildEnd): void;
  /** A monotonic clock, in milliseconds. */
  now?: () => number;
  /** Runs something after this time, and not before the next turn of the event loop. */
  soon?: (run: () => void, ms: number) => void;
}

/** `abandoned`: no client waited any more. `refused`: the queue had no room. */
export const buildEnds = ['made', 'failed', 'abandoned', 'refused'] as const;
export type BuildEnd = (typeof buildEnds)[number];

interface WaitingBuild {
  client: BuildClient;
  start(): void;
  fail(error: AllClientsGone | BuildRefused): void;
}

export function createBuilds({ charge, onChange, onEnded, now = () => performance.now(), soon }: BuildOptions): Builds {
  const queue = new FairQueue<WaitingBuild>();
  const shares = new Shares<WaitingBuild>({
    most: responseLimits.waitingBuilds,
    drop: (build) => leave(build, new BuildRefused(build.client)),
  });
  /** Running builds of each address. */
  const slots = new Map<string, number>();
  let running = 0;
  const nextTurn = createTurns(now, soon);

  const builds: Builds = {
    async run(client, make, waiting) {
      if (waiting === undefined) return await runAlone(client, make);
      const release = await enter(client, waiting);
      let made = 0;
      let end: BuildEnd = 'failed';
      let began = Number.NEGATIVE_INFINITY;
      const step = async (madeBytes = 0) => {
        made = Math.max(made, madeBytes);
        waiting.requireOne();
        if (now() - began < responseLimits.buildTurnMs) return;
        await nextTurn(client.address, { hasBegun: began > Number.NEGATIVE_INFINITY });
        began = now();
        waiting.requireOne();
      };
      try {
        await step();
        const built = await make(step);
        end = 'made';
        return built;
      } catch (error) {
        if (error instanceof AllClientsGone) end = 'abandoned';
        throw error;
      } finally {
        release();
        charge(client, made);
        onEnded?.(end);
      }
    },
  };
  return builds;

  async function runAlone<T>(client: BuildClient, make: Make<T>): Promise<T> {
    const waiting = new WaitingClients();
    const leave = waiting.add(client);
    try {
      return await builds.run(client, make, waiting);
    } finally {
      leave();
    }
  }

  /** Resolves once the build has a slot, with the function that releases it. */
  async function enter(client: BuildClient, waiting: WaitingClients): Promise<() => void> {
    waiting.requireOne();
    await new Promise<void>((resolve, reject) => {
      let undo = () => {};
      let share: Share<WaitingBuild> | undefined;
      let isWaiting = true;
      const end = (settle: () => void) => {
        isWaiting = false;
        undo();
        if (share !== undefined) shares.remove(share);
        settle();
      };
      const build = { client, start: () => end(resolve), fail: (error: Error) => end(() => reject(error)) };
      undo = waiting.whenEmpty(() => leave(build, new AllClientsGone()));
      queue.add(turnKey(client.address), build);
      share = shares.add(build, client.address);
      // `add` may have dropped builds, this one or others, so that this one started.
      if (!isWaiting) shares.remove(share);
      // Every address holds as little as this one.
      else if (queue.size > responseLimits.waitingBuilds) leave(build, new BuildRefused(client));
      startNext();
    });
    return () => {
      running -= 1;
      const left = slotsOf(turnKey(client.address)) - 1;
      if (left > 0) slots.set(turnKey(client.address), left);
      else slots.delete(turnKey(client.address));
      startNext();
    };
  }

  function startNext(): void {
    while (running < responseLimits.buildsMost) {
      const isAlone = queue.clients === 1;
      const build = queue.take((key) => isAlone || slotsOf(key) < responseLimits.buildsOfAddress);
      if (build === undefined) break;
      const key = turnKey(build.client.address);
      running += 1;
      slots.set(key, slotsOf(key) + 1);
      build.start();
    }
    onChange?.({ running, waiting: queue.size });
  }

  function leave(build: WaitingBuild, error: AllClientsGone | BuildRefused): void {
    queue.remove(turnKey(build.client.address), build);
    build.fail(error);
    onEnded?.(error instanceof BuildRefused ? 'refused' : 'abandoned');
    startNext();
  }

  function slotsOf(key: string): number {
    return slots.get(key) ?? 0;
  }
}

/**
 * Gives one build a turn at a time. Addresses take turns. Of the builds of an address one goes on until it is built, so that it
 * ends soon. While several builds wait for a turn, the process does other work between two turns for as long as the last one took,
 * because an answer that is not built needs several turns of the event loop.
 */
function createTurns(
  now: () => number,
  soon: NonNullable<BuildOptions['soon']> = runSoon,
): (address: string, build: { hasBegun: boolean }) => Promise<void> {
  const waiting = new FairQueue<() => void>();
  let isScheduled = false;
  const run = () => {
    const began = now();
    waiting.take()?.();
    soon(() => {
      isScheduled = waiting.size > 0;
      if (isScheduled) soon(run, waiting.size > 1 ? now() - began : 0);
    }, 0);
  };
  return (address, { hasBegun }) =>
    new Promise((resolve) => {
      waiting.add(turnKey(address), resolve, { first: hasBegun });
      if (isScheduled) return;
      isScheduled = true;
      soon(run, 0);
    });
}

function runSoon(run: () => void, ms: number): void {
  if (ms < 1) setImmediate(run);
  else setTimeout(run, ms);
}

/** The clients that wait for the same answer. */
export class WaitingClients {
  readonly #clients = new Set<BuildClient>();
  readonly #onEmpty = new Set<() => void>();

  get size(): number {
    return this.#clients.size;
  }

  /** Returns a function that removes the client, which no longer waits. */
  add(client: BuildClient): () => void {
    this.#clients.add(client);
    const undo = client.whenGone(() => {
      if (this.#isEmpty()) for (const onEmpty of [...this.#onEmpty]) onEmpty();
    });
    return () => {
      undo();
      this.#clients.delete(client);
    };
  }

  /** Throws `AllClientsGone`. */
  requireOne(): void {
    if (this.#isEmpty()) throw new AllClientsGone();
  }

  /** Calls `onEmpty` when the last client is gone. Returns a function that undoes this. */
  whenEmpty(onEmpty: () => void): () => void {
    this.#onEmpty.add(onEmpty);
    return () => this.#onEmpty.delete(onEmpty);
  }

  #isEmpty(): boolean {
    for (const client of this.#clients) if (!client.isGone()) return false;
    return true;
  }
}

export function buildClientOf(request: Request, response: Response): BuildClient {
  const { socket, ip = '' } = request;
  return {
    address: ip,
    response,
    isGone: () => response.closed || !socket.writable,
    whenGone(onGone) {
      response.once('close', onGone);
      // A client that closes its side gets no answer either.
      socket.once('end', onGone);
      return () => {
        response.off('close', onGone);
        socket.off('end', onGone);
      };
    },
  };
}
