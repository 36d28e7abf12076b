import type { Server } from 'node:http';
import { type Config, ConfigError, readConfig } from './config.ts';
import { variables } from './config-variables.ts';
import { startServer as start } from './server.ts';
import { reasonNotToStart as reason } from './startup-errors.ts';

/**
 * The entry point `pressbox/server` of the package: a server inside another Node program. It exposes less than `server.ts`, so
 * that the internals can change.
 */
export { type Config, ConfigError, readConfig } from './config.ts';

/** Attributes of the embedded element. */
export interface FragmentAttributes {
  theme?: 'light' | 'dark' | 'auto' | undefined;
  lang?: string | undefined;
  times?: 'coverage' | 'own' | 'ago' | undefined;
  /** 1 to 100. Default: 20. */
  limit?: number | undefined;
  /** Number of posts from one slot between posts to the next. Default: no slots. */
  every?: number | undefined;
}

export interface RunningServer extends AsyncDisposable {
  /** The address it listens on. */
  readonly url: string;
  /** The address at which readers reach it. */
  readonly publicUrl: string;
  /** The HS256 secret that signs tokens; undefined if only a JWK set is configured. */
  readonly secret: Uint8Array | undefined;
  /**
   * The html of the element with the content of a public channel, for a page that shows it before the script has loaded. The same as
   * `/embed/{channelId}/fragment`. If an attribute is invalid, or if not everyone may read the channel, it rejects with an error that
   * has the problem document of that route as `problem`.
   */
  embedFragment(channelId: string, attributes?: FragmentAttributes): Promise<string>;
  /**
   * Stops accepting requests, drains readers within `drainMs`, finishes requests under way and releases everything. Safe to call
   * twice.
   */
  close(options?: { drainMs?: number }): Promise<void>;
}

/**
 * Resolves once the server accepts requests. `readConfig` makes the `config` from environment variables. `reasonNotToStart` turns
 * the error of a failed start into a sentence.
 */
export async function startServer(config: Config): Promise<RunningServer> {
  return await startServerHere(config);
}

async function startServerHere(config: Config, attachTo?: Server): Promise<RunningServer> {
  if (config.workers > 1) {
    const message = 'must be 1 for a server inside another program. `pressbox serve` starts several processes.';
    throw new ConfigError([{ name: 'PRESSBOX_WORKERS', message }]);
  }
  return await start(config, attachTo && { attachTo });
}

/** Where Pressbox is in the HTTP server of the program. */
export interface AttachOptions {
  /** The path below which it is served, such as `/live`. Takes the place of `PRESSBOX_BASE_PATH`. */
  basePath: string;
  /** Default: that of `readConfig({})`. Its host and port are not used, because the program decides where its server listens. */
  config?: Config;
}

/**
 * Serves Pressbox below a path of an HTTP server that serves something else too. Requests and upgrades below the path go to Pressbox,
 * all others to the listeners that `httpServer` has now. Without `PRESSBOX_PUBLIC_URL`, `httpServer` must listen already. `close`
 * detaches it, and leaves `httpServer` open. The time limits and the number of connections are those of `httpServer`.
 */
export async function attach(httpServer: Server, { basePath, config = readConfig({}) }: AttachOptions): Promise<RunningServer> {
  const path = variables.PRESSBOX_BASE_PATH.safeParse(basePath).data;
  if (!path) throw new ConfigError([{ name: 'basePath', message: 'must be a path such as /live.' }]);
  return await startServerHere({ ...config, basePath: path }, httpServer);
}

/** Why the server did not start, as a sentence that names the setting; undefined if the error is a bug. */
export function reasonNotToStart(error: unknown): string | undefined {
  return reason(error);
}
