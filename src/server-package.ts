import { type Config, ConfigError } from './config.ts';
import { startServer as start } from './server.ts';
import { reasonNotToStart as reason } from './startup-errors.ts';

/**
 * What the package gives as `pressbox/server`: a server inside another Node program. It is `server.ts` with less to hold, so that what
 * is within may change.
 */
export { type Config, ConfigError, readConfig } from './config.ts';

export interface RunningServer extends AsyncDisposable {
  /** Where it listens. */
  readonly url: string;
  /** Where readers reach it. */
  readonly publicUrl: string;
  /** HS256 secret that its tokens are checked with; undefined where only a JWK set is. */
  readonly secret: Uint8Array | undefined;
  /** Takes no more, asks readers to leave within a time, finishes what was begun, and lets everything go. Safe to call twice. */
  close(options?: { drainMs?: number }): Promise<void>;
}

/**
 * Resolves once it serves. `config` is what `readConfig` makes of an environment. Throws where it cannot start; `reasonNotToStart` puts
 * that into a sentence.
 */
export async function startServer(config: Config): Promise<RunningServer> {
  if (config.workers > 1) {
    const message = 'must be 1 for a server inside another program. `pressbox serve` starts several processes.';
    throw new ConfigError([{ name: 'PRESSBOX_WORKERS', message }]);
  }
  return await start(config);
}

/** Why it did not start, as a sentence that names the variable; undefined where that is a fault of the program. */
export function reasonNotToStart(error: unknown): string | undefined {
  return reason(error);
}
