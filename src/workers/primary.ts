import cluster from 'node:cluster';
import { createServer } from 'node:net';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { secretsFor } from '../access/secret.ts';
import { type Config, publicUrlOf } from '../config.ts';
import { listen } from '../http/http-server.ts';
import { NotStarted } from '../startup-errors.ts';
import type { Log } from '../telemetry/log.ts';
import { Totals } from '../telemetry/totals.ts';
import { afterDeath, afterRefusal, noStreak, type RestartDecision, type Streak } from './restarts.ts';
import { Watchdog } from './watchdog.ts';
import { workerLimits } from './worker-limits.ts';
import { WorkerProcess, type WorkerProcessEnd } from './worker-process.ts';

/** Several workers that serve one port. This process is the primary: it serves no clients, and supervises the workers. */
export interface Workers {
  /** The address that the workers listen on. */
  readonly url: string;
  /** The address that readers use. */
  readonly publicUrl: string;
  readonly secret: Uint8Array | undefined;
  /** Resolves if the workers shut down for a reason that an operator has to look at. */
  readonly failed: Promise<Failure>;
  /** Replaces all workers without closing the port. */
  renew(): Promise<void>;
  /** Lets all readers leave at the same time, then ends the workers. Safe to call twice. */
  close(): Promise<void>;
}

export interface Failure {
  /** A sentence. */
  reason: string;
  /** The exit code. */
  code: number;
}

/** The exit code of a fault of the program (sysexits.h, EX_SOFTWARE), which an operator cannot fix. */
const faultCode = 70;

const { workerRestartFirstMs, workerSignMs, workerSilentMs } = workerLimits;

/** Resolves once all workers serve. Throws what a single server would throw, or `NotStarted` with a worker's reason. */
export async function startWorkers(config: Config, log: Log): Promise<Workers> {
  const jwtSecrets = await secretsFor(config);
  // Port 0: any free port, but the same for all workers and across restarts.
  const port = config.port === 0 ? await freePort(config.host) : config.port;
  const publicUrl = publicUrlOf(config, port);
  const group = new Group({ ...config, port, jwtSecrets }, log);
  await group.start();
  log.info({ url: publicUrl, workers: config.workers }, 'listening');
  return {
    url: publicUrlOf({ ...config, publicUrl: undefined }, port),
    publicUrl,
    secret: jwtSecrets?.[0],
    failed: group.failed,
    renew: () => group.renew(),
    close: () => group.close(),
  };
}

class Group {
  readonly failed: Promise<Failure>;
  readonly #fail: (failure: Failure) => void;
  readonly #config: Config;
  readonly #log: Log;
  readonly #totals: Totals;
  /** All running workers. */
  readonly #members = new Set<WorkerProcess>();
  /** For each number, the worker that has the number or had it last. */
  readonly #current = new Map<number, WorkerProcess>();
  readonly #streaks = new Map<number, Streak>();
  readonly #restarts = new Map<number, NodeJS.Timeout>();
  /** Nodes that ended while no worker was serving. */
  readonly #gone = new Set<string>();
  readonly #watchdog = new Watchdog<WorkerProcess>(workerSilentMs / workerSignMs, (member) => this.#killSilent(member));
  readonly #watching = setInterval(() => this.#watchdog.step(), workerSignMs).unref();
  #isUp = false;
  #renewing = false;
  #closing: Promise<void> | undefined;
  #scraped: Promise<string> | undefined;

  constructor(config: Config, log: Log) {
    const { promise, resolve } = Promise.withResolvers<Failure>();
    this.failed = promise;
    this.#fail = resolve;
    this.#config = config;
    this.#log = log;
    this.#totals = new Totals({ serving: () => this.#serving().length, wanted: config.workers });
    // Each worker accepts from the shared socket: docs/decisions/0022.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({
      // TypeScript in a checkout, JavaScript in the package.
      exec: fileURLToPath(new URL(`./worker${extname(import.meta.filename)}`, import.meta.url)),
      args: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // The configuration contains the secrets as bytes, which JSON cannot carry.
      serialization: 'advanced',
    });
  }

  /**
   * Starts the first worker alone, then the others. A fault that keeps the first from starting would stop all of them, and is
   * reported once.
   */
  async start(): Promise<void> {
    try {
      await this.#launch(1).serving;
      const others = Array.from({ length: this.#config.workers - 1 }, (_, at) => this.#launch(at + 2));
      await Promise.all(others.map(({ serving }) => serving));
      this.#isUp = true;
      // A worker may have died while others started.
      for (const [worker, member] of this.#current) if (!this.#members.has(member)) this.#launch(worker);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async renew(): Promise<void> {
    if (this.#renewing || this.#closing) return this.#log.warn({}, 'workers are already being renewed');
    this.#renewing = true;
    this.#log.info({ workers: this.#config.workers }, 'renewing workers');
    const fresh: WorkerProcess[] = [];
    try {
      // All new workers start before an old one leaves. If one cannot start, the old workers keep serving. Readers who leave the
      // old workers then spread evenly over the new ones.
      for (let worker = 1; worker <= this.#config.workers; worker += 1) {
        const member = this.#fork(worker);
        fresh.push(member);
        await member.serving;
        if (this.#closing) throw new NotStarted('The server is closed.');
      }
      const serving = this.#serving();
      if (!fresh.every((member) => serving.includes(member))) throw new NotStarted('A new worker has ended or is leaving.');
    } catch (error) {
      this.#renewing = false;
      this.#log.error({ err: error }, 'workers were not renewed: the old ones keep serving');
      await Promise.all(fresh.filter((member) => this.#members.has(member)).map((member) => member.end('leave')));
      return;
    }
    const before = [...this.#members].filter((member) => !fresh.includes(member));
    for (const member of fresh) this.#take(member);
    for (const member of before) {
      member.state = 'leaving';
      member.send({ type: 'retire' });
    }
    for (const member of before) if (this.#members.has(member)) await member.end('leave');
    this.#renewing = false;
    this.#log.info({ workers: fresh.length }, 'workers are renewed');
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      for (const timer of this.#restarts.values()) clearTimeout(timer);
      if (this.#isUp) this.#log.info({ workers: this.#members.size }, 'draining workers');
      await Promise.all([...this.#members].map((member) => member.end('end')));
      clearInterval(this.#watching);
      if (this.#isUp) this.#log.info({}, 'closed');
    })();
    return this.#closing;
  }

  #serving(): WorkerProcess[] {
    return [...this.#members].filter(({ state }) => state === 'serving');
  }

  /** Starts the worker that has this number from now on. */
  #launch(worker: number): WorkerProcess {
    const member = this.#fork(worker);
    this.#take(member);
    return member;
  }

  #take(member: WorkerProcess): void {
    clearTimeout(this.#restarts.get(member.worker));
    this.#current.set(member.worker, member);
  }

  #fork(worker: number): WorkerProcess {
    const member = new WorkerProcess(worker, this.#config, {
      onServing: (serving) => {
        if (this.#members.has(serving)) this.#watchdog.watch(serving);
        this.#tellGone();
      },
      onSign: (there) => this.#watchdog.signalled(there),
      onReport: (from, report) => this.#totals.take(from, report),
      onScrape: async (from) => from.send({ type: 'metrics', text: await this.#scrape() }),
      // A worker that got SIGTERM leaves and is replaced after a pause. If the signal went to all processes of a service, the
      // primary gets it in the meantime and starts no replacement.
      onLeaving: (leaving) => this.#left(leaving),
      onEnd: (ended, how) => this.#ended(ended, how),
    });
    this.#members.add(member);
    return member;
  }

  /** Does nothing if another worker has its number already. */
  #left(member: WorkerProcess): void {
    if (this.#current.get(member.worker) === member) this.#launchLater(member.worker, workerRestartFirstMs);
  }

  /** Kills an unresponsive worker. Its readers would otherwise keep their connections and wait for ever. */
  #killSilent(member: WorkerProcess): void {
    const { worker, pid } = member;
    this.#log.error({ worker, workerPid: pid, silentMs: workerSilentMs }, 'worker is unresponsive and is killed');
    member.killSilent();
  }

  #ended(member: WorkerProcess, { code, signal, servedMs, nodeId, refused }: WorkerProcessEnd): void {
    this.#members.delete(member);
    this.#watchdog.forget(member);
    const { worker, pid, state } = member;
    const facts = { worker, workerPid: pid, code, signal, servedMs: Math.round(servedMs) };
    if (state === 'leaving' && signal === null) {
      this.#totals.end(member, 'left');
      this.#log.info(facts, 'worker left');
      return;
    }
    this.#totals.end(member, state === 'silent' ? 'silent' : refused === undefined ? 'died' : 'refused');
    if (nodeId !== undefined) this.#gone.add(nodeId);
    this.#tellGone();
    if (refused === undefined) this.#log.error(facts, 'worker died');
    // During the start, the caller reports it once.
    else if (this.#isUp) this.#log.error({ ...facts, reason: refused }, 'worker cannot start');
    // Nothing to restart: another worker has its number, or the caller of `start` waits for the worker and gets the error.
    if (this.#current.get(worker) !== member || !this.#isUp || this.#closing) return;
    // No worker serves, and others that start would be refused for the same reason.
    if (refused !== undefined && this.#serving().length === 0) return this.#giveUp({ reason: refused, code: 1 });
    const streak = this.#streaks.get(worker) ?? noStreak;
    this.#follow(worker, refused === undefined ? afterDeath(streak, servedMs) : afterRefusal(streak));
  }

  /** Tells the workers which nodes have ended. Erasures then do not wait until the heartbeat of such a node expires. */
  #tellGone(): void {
    const serving = this.#serving();
    for (const nodeId of this.#gone) for (const member of serving) member.send({ type: 'gone', nodeId });
    if (serving.length > 0) this.#gone.clear();
  }

  #follow(worker: number, next: RestartDecision): void {
    if (next.status === 'give-up') {
      const reason = `Worker ${worker} dies as often as it is started. See the lines "worker died" in the log.`;
      return this.#giveUp({ reason, code: faultCode });
    }
    this.#streaks.set(worker, next.streak);
    this.#log.warn({ worker, afterMs: next.afterMs, ...next.streak }, 'worker is restarted');
    this.#launchLater(worker, next.afterMs);
  }

  #launchLater(worker: number, afterMs: number): void {
    if (this.#closing) return;
    clearTimeout(this.#restarts.get(worker));
    this.#restarts.set(
      worker,
      setTimeout(() => this.#launch(worker), afterMs),
    );
  }

  #giveUp(failure: Failure): void {
    this.#log.fatal({ code: failure.code, reason: failure.reason }, 'the server exits');
    void this.close().then(() => this.#fail(failure));
  }

  /** Scrapes at the same time share one round of reports. */
  #scrape(): Promise<string> {
    this.#scraped ??= (async () => {
      const running = [...this.#members].filter(({ state }) => state !== 'starting');
      await Promise.all(running.map((member) => member.report()));
      this.#scraped = undefined;
      return await this.#totals.text();
    })();
    return this.#scraped;
  }
}

async function freePort(host: string): Promise<number> {
  const probe = createServer();
  await listen(probe, { host, port: 0 });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('A port has no number.');
  return address.port;
}
