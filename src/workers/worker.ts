import cluster from 'node:cluster';
import type { Config } from '../config.ts';
import { answerLimits } from '../http/http-limits.ts';
import { Refusal } from '../protocol/problems.ts';
import { type PressboxServer, startServer } from '../server.ts';
import { reasonNotToStart } from '../startup-errors.ts';
import { createLog } from '../telemetry/log.ts';
import { workerLimits } from './worker-limits.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

/** One of several processes on a port, started by the primary, which tells it what to do. */
const { promise: started, resolve: start } = Promise.withResolvers<PressboxServer>();
const scrapes: ((text: string) => void)[] = [];

process.on('message', async (message: ToWorker) => {
  switch (message.type) {
    case 'start':
      return await begin(message.worker, message.config);
    case 'report':
      return tell({ type: 'report', report: await (await started).report() });
    case 'metrics':
      for (const resolve of scrapes.splice(0)) resolve(message.text);
      return;
    case 'gone':
      // Where the store is out of reach it counts for as long as any that is gone.
      return await (await started).node?.forgetNode(message.nodeId).catch(() => undefined);
    case 'retire':
      return (await started).retire();
    case 'leave':
      return await leave();
    case 'end':
      return await end(await started);
  }
});

// From a terminal they come to all processes: the primary says what is to be done.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => undefined);
process.on('SIGTERM', () => {
  tell({ type: 'leaving' });
  void leave();
});
let serves = false;
// The primary is gone. By default the process ends at once, which would cut its readers; before it has some, nobody will give it the port.
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
    tell({ type: 'serves', nodeId: server.node?.nodeId });
    setInterval(() => tell({ type: 'sign' }), workerLimits.workerSignMs).unref();
  } catch (error) {
    const reason = reasonNotToStart(error);
    if (reason === undefined) throw error;
    tell({ type: 'refused', reason }, () => process.exit(1));
  }
}

/** All that was counted by all. */
function metrics(): Promise<string> {
  return new Promise((resolve, reject) => {
    scrapes.push(resolve);
    tell({ type: 'scrape' });
    // The primary waits for others so long, and is itself gone if this takes longer.
    const late = () =>
      reject(
        new Refusal('draining', { detail: 'The primary process does not answer.', retryAfter: answerLimits.momentRetrySeconds }),
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
  tell({ type: 'report', report: await server.report() }, () => process.exit(code));
}

function tell(message: FromWorker, sent: () => void = () => undefined): void {
  if (process.connected) process.send?.(message, undefined, undefined, sent);
  else sent();
}
