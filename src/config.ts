import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Secrets } from './access/secret.ts';
import { isLoopback, type LogLevel, type Values, type Variable, variables } from './config-variables.ts';
import { type UnknownSetting, unknownSettings } from './unknown-settings.ts';
import { workerLimits } from './workers/worker-limits.ts';

/**
 * The configuration, parsed once, as a whole, at the start. `config-variables.ts` has the schema of each variable.
 */
export interface Config {
  host: string;
  /** 0: any free port. */
  port: number;
  /** For `/healthz`, `/readyz` and `/metrics`. 0: any free port. Undefined: `port`. */
  adminPort: number | undefined;
  /** Without a trailing slash. Undefined: derived from host and port, once the port is known. */
  publicUrl: string | undefined;
  /** Where on its host the server is, such as `/live`. Empty: at the root. */
  basePath: string;
  /** One URL. Several would be a cluster, which the store refuses. Undefined: the embedded journal. */
  redisUrls: readonly string[] | undefined;
  redisMinReplicas: number;
  allowUnsafeRedis: boolean;
  dataDir: string;
  /** The directory of uploads. Undefined: the server takes none. */
  mediaDir: string | undefined;
  /** The first signs, and each of them verifies. */
  jwtSecrets: Secrets | undefined;
  jwksUrl: string | undefined;
  /** Issuer, audience and lifetime apply to tokens signed with a key of the JWK set. */
  jwtIssuer: string | undefined;
  jwtAudience: string;
  /** 0: any lifetime. */
  jwtMaxLifetimeMinutes: number;
  /** A session that was unused for this long is refused. 0: no limit. */
  sessionIdleMinutes: number;
  /** The owner of posts that were published before an issuer was set. */
  olderPosts: 'issuer' | 'secret';
  origins: '*' | readonly string[];
  /** A value of Express's setting `trust proxy`. */
  trustProxy: boolean | number | string;
  /** The folder with the paper's brand. Undefined: pages say "Pressbox". */
  brandDir: string | undefined;
  /** Origins from which pages may load scripts for audience measurement and consent. */
  pageSources: readonly string[];
  /** Hosts whose pages a reader may open in a frame. */
  embedHosts: readonly string[];
  /** Where browsers report violations of the content security policy. */
  reportUrl: string | undefined;
  /** Where vulnerabilities of this server can be reported: `mailto:` or `https:`. */
  securityContact: string | undefined;
  /** 0: no limit, here and below. */
  writesPerSecond: number;
  requestsPerSecond: number;
  connectionsPerAddress: number;
  /** Processes on the port. More than one only with Redis. */
  workers: number;
  logLevel: LogLevel;
  /** Logged at the start. */
  unknownSettings: readonly UnknownSetting[];
}

export interface Mistake {
  /** The variable. */
  name: string;
  /** What is accepted. Never the given value, which may be a secret. */
  message: string;
}

/** Every mistake in the environment. */
export class ConfigError extends Error {
  readonly mistakes: readonly Mistake[];
  constructor(mistakes: readonly Mistake[]) {
    super(['The configuration has mistakes:', ...mistakes.map(({ name, message }) => `  ${name}: ${message}`)].join('\n'));
    this.name = 'ConfigError';
    this.mistakes = mistakes;
  }
}

/**
 * Parses the environment. An empty value counts as unset. Unknown names that begin with `PRESSBOX_` are returned in
 * `unknownSettings`. Throws a `ConfigError` that names every mistake.
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  const mistakes: Mistake[] = [];
  const values = readValues(env, mistakes);
  mistakes.push(...mistakesBetween(env));
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return {
    host: values.PRESSBOX_HOST,
    port: values.PRESSBOX_PORT,
    adminPort: values.PRESSBOX_ADMIN_PORT,
    publicUrl: values.PRESSBOX_PUBLIC_URL,
    basePath: values.PRESSBOX_BASE_PATH ?? '',
    redisUrls: values.PRESSBOX_REDIS_URL,
    redisMinReplicas: values.PRESSBOX_REDIS_MIN_REPLICAS,
    allowUnsafeRedis: values.PRESSBOX_ALLOW_UNSAFE_REDIS,
    dataDir: values.PRESSBOX_DATA_DIR,
    mediaDir: values.PRESSBOX_MEDIA_DIR ?? (values.PRESSBOX_REDIS_URL ? undefined : join(values.PRESSBOX_DATA_DIR, 'media')),
    jwtSecrets: values.PRESSBOX_JWT_SECRET,
    jwksUrl: values.PRESSBOX_JWKS_URL,
    jwtIssuer: values.PRESSBOX_JWT_ISSUER,
    jwtAudience: values.PRESSBOX_JWT_AUDIENCE,
    jwtMaxLifetimeMinutes: values.PRESSBOX_JWT_MAX_LIFETIME_MINUTES,
    sessionIdleMinutes: values.PRESSBOX_SESSION_IDLE_MINUTES,
    olderPosts: values.PRESSBOX_OLDER_POSTS,
    origins: values.PRESSBOX_ORIGINS ?? [],
    trustProxy: values.PRESSBOX_TRUST_PROXY,
    brandDir: values.PRESSBOX_BRAND_DIR,
    pageSources: values.PRESSBOX_PAGE_SOURCES ?? [],
    embedHosts: values.PRESSBOX_EMBED_HOSTS,
    reportUrl: values.PRESSBOX_REPORT_URL,
    securityContact: values.PRESSBOX_SECURITY_CONTACT,
    writesPerSecond: values.PRESSBOX_WRITES_PER_SECOND,
    requestsPerSecond: values.PRESSBOX_REQUESTS_PER_SECOND,
    connectionsPerAddress: values.PRESSBOX_CONNECTIONS_PER_ADDRESS,
    workers: values.PRESSBOX_WORKERS === 'auto' ? (values.PRESSBOX_REDIS_URL ? coresOf() : 1) : values.PRESSBOX_WORKERS,
    logLevel: values.PRESSBOX_LOG_LEVEL,
    unknownSettings: unknownSettings(env, Object.keys(variables)),
  };
}

/**
 * The URL at which the server is reached: the configured one, or one from the host and the port it listens on, with the base path. It
 * has no trailing slash.
 */
export function publicUrlOf(config: Pick<Config, 'host' | 'publicUrl' | 'basePath'>, port: number): string {
  return (config.publicUrl ?? listeningUrl(config, port)) + config.basePath;
}

function listeningUrl(config: Pick<Config, 'host'>, port: number): string {
  const everywhere = config.host === '0.0.0.0' || config.host === '::';
  const host = everywhere ? 'localhost' : config.host.includes(':') ? `[${config.host}]` : config.host;
  return port === 80 ? `http://${host}` : `http://${host}:${port}`;
}

/**
 * The URL at which a server with this environment would be reached. Ignores mistakes in variables that do not affect it. Throws a
 * `ConfigError` for the others.
 */
export function readPublicUrl(env: Record<string, string | undefined>): string {
  const mistakes: Mistake[] = [];
  const values = readValues(env, mistakes);
  const relevant: readonly string[] = [
    'PRESSBOX_HOST',
    'PRESSBOX_PORT',
    'PRESSBOX_PUBLIC_URL',
    'PRESSBOX_BASE_PATH',
  ] satisfies Variable[];
  const own = mistakes.filter(({ name }) => relevant.includes(name));
  if (own.length > 0) throw new ConfigError(own);
  const { PRESSBOX_HOST: host, PRESSBOX_PUBLIC_URL: publicUrl, PRESSBOX_BASE_PATH: basePath = '' } = values;
  return publicUrlOf({ host, publicUrl, basePath }, values.PRESSBOX_PORT);
}

/** Parses each variable. An invalid one stays undefined and adds a mistake. */
function readValues(env: Record<string, string | undefined>, mistakes: Mistake[]): Values {
  const values: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(variables)) {
    const result = schema.safeParse(given(env, name));
    values[name] = result.data;
    // Only the first issue, because the others may follow from it.
    if (!result.success) mistakes.push({ name, message: result.error.issues[0]?.message ?? 'is not valid.' });
  }
  return values as Values;
}

/**
 * Mistakes that involve several variables. Reads the environment again, so that they are reported together with the other
 * mistakes.
 */
function mistakesBetween(env: Record<string, string | undefined>): Mistake[] {
  const isSet = (name: Variable) => given(env, name) !== undefined;
  const mistakes: Mistake[] = [];
  const redis = isSet('PRESSBOX_REDIS_URL');
  if (redis && !isSet('PRESSBOX_JWT_SECRET') && !isSet('PRESSBOX_JWKS_URL')) {
    const message = 'with Redis, this or PRESSBOX_JWKS_URL is required, so that every server accepts the same tokens.';
    mistakes.push({ name: 'PRESSBOX_JWT_SECRET', message });
  }
  const keys = URL.parse(given(env, 'PRESSBOX_JWKS_URL') ?? '');
  const httpHosts = variables.PRESSBOX_JWKS_HTTP_HOSTS.safeParse(given(env, 'PRESSBOX_JWKS_HTTP_HOSTS')).data ?? [];
  if (keys?.protocol === 'http:' && !isLoopback(keys.hostname) && !httpHosts.includes(keys.hostname)) {
    const message =
      'must be https://, or http:// on the loopback: anybody who can modify the keys in transit can sign any token. To load them over http:// anyway, name the host in PRESSBOX_JWKS_HTTP_HOSTS.';
    mistakes.push({ name: 'PRESSBOX_JWKS_URL', message });
  }
  for (const name of ['PRESSBOX_JWT_ISSUER', 'PRESSBOX_JWT_AUDIENCE', 'PRESSBOX_JWT_MAX_LIFETIME_MINUTES'] as const) {
    if (isSet(name) && !isSet('PRESSBOX_JWKS_URL')) mistakes.push({ name, message: 'needs PRESSBOX_JWKS_URL.' });
  }
  if (isSet('PRESSBOX_PAGE_SOURCES') && !isSet('PRESSBOX_BRAND_DIR')) {
    mistakes.push({ name: 'PRESSBOX_PAGE_SOURCES', message: 'needs PRESSBOX_BRAND_DIR, whose brand.json names the scripts.' });
  }
  const ownHosts = [URL.parse(given(env, 'PRESSBOX_PUBLIC_URL') ?? '')?.hostname, given(env, 'PRESSBOX_HOST')?.toLowerCase()];
  const hosts = variables.PRESSBOX_EMBED_HOSTS.safeParse(given(env, 'PRESSBOX_EMBED_HOSTS')).data ?? [];
  if (hosts.some((host) => ownHosts.includes(host))) {
    const message = 'must not name the host of this server: a page of it in a frame could act for the reader who is signed in.';
    mistakes.push({ name: 'PRESSBOX_EMBED_HOSTS', message });
  }
  const portOf = (name: 'PRESSBOX_PORT' | 'PRESSBOX_ADMIN_PORT') => variables[name].safeParse(given(env, name)).data;
  const adminPort = isSet('PRESSBOX_ADMIN_PORT') ? portOf('PRESSBOX_ADMIN_PORT') : undefined;
  if (adminPort !== undefined && adminPort !== 0 && adminPort === portOf('PRESSBOX_PORT')) {
    mistakes.push({ name: 'PRESSBOX_ADMIN_PORT', message: 'must differ from PRESSBOX_PORT.' });
  }
  if (!redis) {
    const workers = variables.PRESSBOX_WORKERS.safeParse(given(env, 'PRESSBOX_WORKERS')).data ?? 1;
    if (workers !== 'auto' && workers > 1) {
      const message =
        'must be 1 or auto with the embedded journal, which only one process can open. For more processes, set PRESSBOX_REDIS_URL.';
      mistakes.push({ name: 'PRESSBOX_WORKERS', message });
    }
    const replicas = variables.PRESSBOX_REDIS_MIN_REPLICAS.safeParse(given(env, 'PRESSBOX_REDIS_MIN_REPLICAS')).data ?? 0;
    if (replicas > 0)
      mistakes.push({ name: 'PRESSBOX_REDIS_MIN_REPLICAS', message: 'must be 0 unless PRESSBOX_REDIS_URL is set.' });
  }
  return mistakes;
}

/** The cores that this process may use, by affinity and quota. */
function coresOf(): number {
  return Math.min(availableParallelism(), workerLimits.workersMost);
}

function given(env: Record<string, string | undefined>, name: string): string | undefined {
  const value = env[name];
  return value === '' ? undefined : value;
}
