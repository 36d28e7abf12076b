import type { Config } from './config.ts';
import { createLog } from './telemetry/log.ts';
import type { Failure, Workers } from './workers/primary.ts';

/** A running server: in this process, or in several on one port. */
export type Serving = Workers;

/**
 * Resolves once the server serves. `reasonNotToStart` turns its errors into sentences for the operator. The server's modules are
 * loaded only if this process serves, because the primary of several workers does not need them.
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
