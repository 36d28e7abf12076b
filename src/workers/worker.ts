import cluster from 'node:cluster';
import type { Config } from '../config.ts';
import { responseLimits } from '../http/http-limits.ts';
import { Refusal } from '../protocol/problems.ts';
import { type PressboxServer, startServer } from '../server.ts';
import { reasonNotToStart } from '../startup-errors.ts';
import { createLog } from '../telemetry/log.ts';
import { workerLimits } from './worker-limits.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

/** A worker: one of several processes on a port, started and instructed by the primary. */
const { promise: started, resolve: start } = Promise.withResolvers<PressboxServer>();
const scrapes: ((text: string) => void)[] = [];

process.on('message', async (message: ToWorker) => {
  switch (message.type) {
    case 'start':
      return await begin(message.worker, message.config);
    case 'report':
      return send({ type: 'report', report: await (await started).report() });
    case 'metrics':
      for (const resolve of scrapes.splice(0)) resolve(message.text);
      return;
    case 'gone':
      // If the store is unreachable, erasures keep waiting for the node until its heartbeat expires.
      return await (await started).node?.forgetNode(message.nodeId).catch(() => undefined);
    case 'retire':
      return (await started).retire();
    case 'leave':
      return await leave();
    case 'end':
      return await end(await started);
  }
});

// A terminal sends these signals to all processes. The primary decides what happens.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => undefined);
process.on('SIGTERM', () => {
  send({ type: 'leaving' });
  void leave();
});
let serves = false;
// The primary is gone. By default the process would end at once and disconnect its readers, so let them leave first. A worker
// that does not serve yet may end: it has no readers, and could not listen on the port.
cluster.worker?.once('disconnect', () => {
  if (!serves) return;
  if (cluster.worker) cluster.worker.exitedAfterDisconnect = true;
  void leave();
});

async function begin(worker: number, config: Config): Promise<void> {
  const log = createLog(config.logLevel, undefined, worker);
  try {
    const server = await startServer(config, { log, group: { worker, metrics } });
    serves = true;
    start(server);
    send({ type: 'serves', nodeId: server.node?.nodeId });
    setInterval(() => send({ type: 'sign' }), workerLimits.workerSignMs).unref();
  } catch (error) {
    const reason = reasonNotToStart(error);
    if (reason === undefined) throw error;
    send({ type: 'refused', reason }, () => process.exit(1));
  }
}

/** The metrics of all workers. */
function metrics(): Promise<string> {
  return new Promise((resolve, reject) => {
    scrapes.push(resolve);
    send({ type: 'scrape' });
    // The primary waits for reports for half of this time. If it takes longer, the primary is gone.
    const late = () =>
      reject(
        new Refusal('draining', {
          detail: 'The primary process does not answer.',
          retryAfter: responseLimits.momentRetrySeconds,
        }),
      );
    setTimeout(late, 2 * workerLimits.workerReportMs).unref();
  });
}

async function leave(): Promise<void> {
  const server = await started;
  server.retire();
  await end(server);
}

async function end(server: PressboxServer): Promise<void> {
  const code = await server.close().then(
    () => 0,
    () => 1,
  );
  send({ type: 'report', report: await server.report() }, () => process.exit(code));
}

function send(message: FromWorker, sent: () => void = () => undefined): void {
  if (process.connected) process.send?.(message, undefined, undefined, sent);
  else sent();
}
