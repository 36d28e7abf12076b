import type { Config } from './config.ts';
import { createLog } from './telemetry/log.ts';
import type { Failure, Workers } from './workers/primary.ts';

/** A server as a service runs it: in this process, or in several on its port. */
export type Serving = Workers;

/**
 * Resolves once it serves. What it throws, `reasonNotToStart` puts into a sentence, where an operator can do something about it. Only
 * what is needed is loaded: the process that looks after others has no use for a server.
 */
export async function serve(config: Config): Promise<Serving> {
  const log = createLog(config.logLevel);
  if (config.workers > 1) {
    const { startWorkers } = await import('./workers/primary.ts');
    return await startWorkers(config, log);
  }
  const { startServer } = await import('./server.ts');
  const { url, publicUrl, secret, close } = await startServer(config, { log });
  return {
    url,
    publicUrl,
    secret,
    failed: new Promise<Failure>(() => undefined),
    async renew() {
      log.warn({}, 'SIGUSR2 was ignored: it needs PRESSBOX_WORKERS of 2 or more');
    },
    close: () => close(),
  };
}
