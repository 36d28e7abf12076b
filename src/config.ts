import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { secretBytes } from './access/secret.ts';
import { isOrigin } from './http/origins.ts';
import { embedHosts, isEmbedHost } from './protocol/embeds/frames.ts';
import { type UnknownSetting, unknownSettings } from './unknown-settings.ts';
import { workerLimits } from './workers/worker-limits.ts';

/**
 * The configuration, parsed once, as a whole, at the start. The schema, default and description of each variable are defined
 * together, and the table in the docs is generated from them.
 */
export interface Config {
  host: string;
  /** 0: any free port. */
  port: number;
  /** For `/healthz`, `/readyz` and `/metrics`. 0: any free port. Undefined: `port`. */
  adminPort: number | undefined;
  /** Without a trailing slash. Undefined: derived from host and port, once the port is known. */
  publicUrl: string | undefined;
  /** One URL, or several for a cluster. Undefined: the embedded journal. */
  redisUrls: readonly string[] | undefined;
  redisMinReplicas: number;
  allowUnsafeRedis: boolean;
  dataDir: string;
  /** The directory of uploads. Undefined: the server takes none. */
  mediaDir: string | undefined;
  jwtSecret: Uint8Array | undefined;
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

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

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

// ---- Schemas

const wholeNumber = (from: number, to: number, fits = `must be a whole number from ${from} to ${to}.`) =>
  z
    .string()
    .regex(/^(?:0|[1-9][0-9]{0,9})$/, fits)
    .transform(Number)
    .refine((value) => value >= from && value <= to, fits);

/**
 * The value that Kubernetes sets in every container of a namespace with a service called `pressbox`: the address of the service.
 */
const portOfService = /^(?:tcp|udp|sctp):\/\//;

const port = z
  .string()
  .refine((value) => !portOfService.test(value), {
    message: 'was set by Kubernetes for a service called pressbox. Set it in the container, or set enableServiceLinks to false.',
    abort: true,
  })
  .pipe(wholeNumber(0, 65_535));

const onOrOff = z
  .string()
  .toLowerCase()
  .refine((value) => ['on', 'true', '1', 'off', 'false', '0'].includes(value), 'must be on or off.')
  .transform((value) => ['on', 'true', '1'].includes(value));

/** A URL of one of these schemes without a name or password in it. */
const plainUrl = (message: string, ...schemes: string[]) =>
  z.string().refine((value) => {
    const url = URL.parse(value);
    return url !== null && schemes.includes(url.protocol) && url.hostname !== '' && url.username === '' && url.password === '';
  }, message);

const hostName = /^(?:[a-z0-9._-]{1,253}|\[[0-9a-f:.]+\])$/;

const isLoopback = (host: string) => host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);

const list = (text: string) => text.split(',').map((part) => part.trim());

const isProxy = (part: string) => {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(part)) return true;
  const [address = '', bits, ...rest] = part.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  // Express does not accept every notation of IPv6.
  if (family === 6 && !/^(?:[0-9a-f:]+|::ffff:[0-9.]+)(?:%[0-9a-z]+)?$/i.test(address)) return false;
  return bits === undefined || (/^[1-9][0-9]{0,2}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
};

const isRedisUrl = (text: string) => {
  // A URL with several sentinels is not valid for URL.parse.
  const url = URL.parse(text.replace(/^(redis\+sentinel:\/\/[^,/]+)(?:,[^,/\s]+)*(?=\/)/, '$1'));
  if (url === null || !/^(?:rediss?|redis\+sentinel):\/\/\S+$/.test(text)) return false;
  if (!/^[a-z0-9.:[\]_-]+$/i.test(url.hostname) || !isEncoded(url.username) || !isEncoded(url.password)) return false;
  return url.protocol === 'redis+sentinel:' ? url.pathname.length > 1 : /^\/?[0-9]{0,5}$/.test(url.pathname);
};

const isEncoded = (text: string) => {
  try {
    return decodeURIComponent(text) !== undefined;
  } catch {
    return false;
  }
};

/** Commas separate both the URLs of a cluster and the sentinels of one URL. Only the former are followed by a scheme. */
const redisUrls = (text: string) => text.trim().split(/,\s*(?=rediss?:\/\/)/);

// ---- The variables

interface Described {
  description: string;
  /** As the docs show it. */
  default: string;
}

/** Parses the default like a given value, so that docs and program cannot disagree. */
function withDefault<S extends z.ZodType<unknown, string>>(schema: S, text: string, description: string) {
  return schema.prefault(text as z.input<S>).meta({ description, default: text } satisfies Described);
}

function optional<S extends z.ZodType<unknown, string>>(schema: S, fallback: string, description: string) {
  return schema.optional().meta({ description, default: fallback } satisfies Described);
}

const perSecond = wholeNumber(0, 1_000_000);
const idleFits = 'must be 0, or a whole number from 5 to 720.';
const { workersMost } = workerLimits;
const workersFit = `must be a whole number from 1 to ${workersMost}, or auto.`;

export const variables = {
  PRESSBOX_HOST: withDefault(
    z.string().regex(/^[A-Za-z0-9.:_-]{1,253}$/, 'must be a host name or an IP address.'),
    '127.0.0.1',
    'Address to listen on. `0.0.0.0` or `::`: all addresses.',
  ),
  PRESSBOX_PORT: withDefault(port, '4000', 'Port to listen on. `0`: any free port.'),
  PRESSBOX_ADMIN_PORT: optional(
    port,
    'the same port',
    'Separate port for `/healthz`, `/readyz` and `/metrics`, which are then not served on the main port. `0`: any free port.',
  ),
  PRESSBOX_PUBLIC_URL: optional(
    plainUrl('must be a complete URL such as https://live.example.org, without user, query and fragment.', 'https:', 'http:')
      .refine(
        (value) => !/[?#]/.test(value),
        'must be a complete URL such as https://live.example.org, without user, query and fragment.',
      )
      .refine(
        (value) => /^\/*$/.test(URL.parse(value)?.pathname ?? ''),
        'must have no path, because pages start at the root of the server. Give the server a host name or a port of its own.',
      )
      // The parsed form, without a trailing line break: the value is used in headers.
      .transform((value) => new URL(value).href.replace(/\/+$/, '')),
    'from host and port',
    'URL at which readers reach the server, without a path. Used in feeds and links. If set, requests for other host names are refused.',
  ),
  PRESSBOX_REDIS_URL: optional(
    z
      .string()
      .transform(redisUrls)
      .refine(
        (urls) => urls.every(isRedisUrl) && (urls.length === 1 || urls.every((url) => /^rediss?:/.test(url))),
        'must be redis://host:port, rediss://host:port, redis+sentinel://host:port,host:port/name, or several redis URLs separated by commas. User and password are percent-encoded, and the path is the number of a database.',
      ),
    'the embedded journal',
    'Redis or Valkey that keeps the journal: `redis://`, `rediss://`, `redis+sentinel://host:port,…/name`, or several `redis` URLs, separated by commas, for a cluster.',
  ),
  PRESSBOX_REDIS_MIN_REPLICAS: withDefault(
    wholeNumber(0, 16),
    '0',
    'Number of replicas that must have a write before it is acknowledged.',
  ),
  PRESSBOX_ALLOW_UNSAFE_REDIS: withDefault(onOrOff, 'off', 'Start even if Redis lacks settings that durability needs.'),
  PRESSBOX_DATA_DIR: withDefault(
    z.string().refine((value) => !value.includes('\0'), 'must be the path of a directory.'),
    './data',
    'Directory of the embedded journal and of the generated secret.',
  ),
  PRESSBOX_MEDIA_DIR: optional(
    z.string().refine((value) => !value.includes('\0'), 'must be the path of a directory.'),
    '`media` in the data directory. With Redis: none, so that uploads are refused',
    'Directory of uploaded pictures, videos and sounds. With Redis, all nodes must share it ([uploads](../guides/publish.md#upload-pictures-videos-and-sound)).',
  ),
  PRESSBOX_JWT_SECRET: optional(
    z
      .string()
      .transform((value) => new Uint8Array(Buffer.from(value)))
      .refine((bytes) => bytes.length >= secretBytes, `must have at least ${secretBytes} bytes.`),
    'generated once and kept in the data directory. With Redis, the secret or a JWK set is required',
    `Secret that signs and verifies tokens (HS256), at least ${secretBytes} bytes.`,
  ),
  PRESSBOX_JWKS_URL: optional(
    plainUrl('must be a URL that begins with https:// or http://, without user and password.', 'https:', 'http:'),
    'none',
    'URL of a JWK set whose public keys verify tokens (RS256, ES256, EdDSA). `http://` is accepted for the loopback and for `PRESSBOX_JWKS_HTTP_HOSTS`.',
  ),
  PRESSBOX_JWKS_HTTP_HOSTS: optional(
    z
      .string()
      .toLowerCase()
      .transform(list)
      .refine(
        (hosts) => hosts.every((host) => hostName.test(host)),
        'must be a comma-separated list of host names without ports.',
      ),
    'none',
    'Hosts from which the JWK set may be loaded over `http://`, separated by commas. Anybody who can modify that traffic can sign any token.',
  ),
  PRESSBOX_JWT_ISSUER: optional(
    z.string().regex(/^\S{1,500}$/, 'must be the `iss` of the tokens, without spaces, such as https://id.example.org.'),
    'none: any issuer, with a warning at the start',
    'The `iss` that tokens of the JWK set must have. If set, a post belongs to its author and this issuer.',
  ),
  PRESSBOX_JWT_AUDIENCE: withDefault(
    z.string().regex(/^\S{1,500}$/, 'must be the `aud` of the tokens, without spaces.'),
    'pressbox',
    'The `aud` that tokens of the JWK set must have.',
  ),
  PRESSBOX_JWT_MAX_LIFETIME_MINUTES: withDefault(
    wholeNumber(0, 5_256_000),
    '0',
    'Longest lifetime of tokens of the JWK set, from `iat` to `exp`. `0`: any lifetime.',
  ),
  PRESSBOX_SESSION_IDLE_MINUTES: withDefault(
    wholeNumber(0, 720, idleFits).refine((value) => value === 0 || value >= 5, idleFits),
    '0',
    "Minutes without a request after which a browser's session ends, at least 5. `0`: no limit. A live page keeps the session alive.",
  ),
  PRESSBOX_OLDER_POSTS: withDefault(
    z.enum(['issuer', 'secret'], 'must be issuer or secret.'),
    'issuer',
    'The owner of posts that were published before `PRESSBOX_JWT_ISSUER` was set. `issuer`: tokens of the issuer with the same `sub`. `secret`: tokens signed with the secret.',
  ),
  PRESSBOX_ORIGINS: optional(
    z
      .string()
      .transform((value) => (value.trim() === '*' ? ('*' as const) : list(value)))
      .refine(
        (origins) => origins === '*' || origins.every(isOrigin),
        'must be * or a comma-separated list of origins such as https://www.example.org, in lower case and without a path or a default port.',
      ),
    'none',
    "Other origins whose pages may connect, separated by commas, or `*`. The server's own origin may always connect.",
  ),
  PRESSBOX_TRUST_PROXY: withDefault(
    z
      .string()
      .refine(
        (value) => /^(?:on|off|true|false|[0-9]{1,2})$/i.test(value) || list(value).every(isProxy),
        'must be on, off, the number of proxies, or a comma-separated list of addresses, subnets (from /1 on), loopback, linklocal and uniquelocal.',
      )
      .transform((value) => {
        if (/^(?:on|true)$/i.test(value)) return true;
        if (/^(?:off|false|0+)$/i.test(value)) return false;
        return /^[0-9]+$/.test(value) ? Number(value) : list(value).join(', ');
      }),
    'off',
    "Proxies whose forwarded headers are trusted, as in Express's setting `trust proxy`. If it is off, the log warns once when a forwarded header arrives.",
  ),
  PRESSBOX_REPORT_URL: optional(
    z
      .string()
      .refine(
        (value) => /^https:\/\/[^\s"';,\\]+$/.test(value) && URL.canParse(value),
        'must be a complete https:// URL without spaces, quotes, commas and semicolons.',
      ),
    'none',
    'URL to which browsers report violations of the content security policy.',
  ),
  PRESSBOX_SECURITY_CONTACT: optional(
    z
      .string()
      .regex(
        /^(?:https:\/\/[\x21-\x7e]+|(?:mailto:)?[\x21-\x39\x3b-\x3f\x41-\x7e]+@[a-z0-9.-]+)$/i,
        'must be an e-mail address or a URL that begins with https://.',
      )
      .transform((value) => (/^(?:https|mailto):/i.test(value) ? value : `mailto:${value}`)),
    'none',
    'E-mail address or `https://` URL for reports about vulnerabilities of this server. Published in `/.well-known/security.txt`, which is served only if this is set.',
  ),
  PRESSBOX_BRAND_DIR: optional(
    z.string().refine((value) => !value.includes('\0'), 'must be the path of a directory.'),
    'none: pages say “Pressbox”',
    "Directory with the paper's brand: name, logo, colours, fonts, links. Read and checked at the start ([branding](../guides/branding.md)).",
  ),
  PRESSBOX_PAGE_SOURCES: optional(
    z
      .string()
      .transform(list)
      .refine(
        (sources) => sources.every((source) => source.startsWith('https://') && isOrigin(source)),
        'must be a comma-separated list of origins such as https://stats.example.org, in lower case and without a path or a default port.',
      ),
    'none',
    'Origins from which pages may load the `scripts` of the brand, for audience measurement and consent, and to which these may connect. Separated by commas.',
  ),
  PRESSBOX_EMBED_HOSTS: withDefault(
    z
      .string()
      .transform((value) => {
        const hosts = value.trim() === 'none' ? [] : list(value);
        return [...new Set(hosts.flatMap((host) => (host === 'default' ? embedHosts : host)))];
      })
      .refine(
        (hosts) => hosts.every(isEmbedHost),
        'must be none, or a comma-separated list of default and host names such as mastodon.example, in lower case and without a port.',
      ),
    'default',
    `Hosts of posts on other sites that readers may open in a frame, separated by commas. \`default\`: ${embedHosts.map((host) => `\`${host}\``).join(', ')}. Any other host is a Mastodon instance: \`default,mastodon.example\`. \`none\`: every embed stays a link. Nothing is loaded from a host before a reader opens the post.`,
  ),
  PRESSBOX_WRITES_PER_SECOND: withDefault(
    perSecond,
    '20',
    'Writes per second of one token, with bursts of ten times as many. `0`: no limit.',
  ),
  PRESSBOX_REQUESTS_PER_SECOND: withDefault(
    perSecond,
    '50',
    'Requests and handshakes per second of one address (IPv6: one /64), with bursts of ten times as many. `0`: no limit.',
  ),
  PRESSBOX_CONNECTIONS_PER_ADDRESS: withDefault(perSecond, '1000', 'Open sockets and streams of one address. `0`: no limit.'),
  PRESSBOX_WORKERS: withDefault(
    z
      .string()
      .refine((value) => value === 'auto' || wholeNumber(1, workersMost).safeParse(value).success, workersFit)
      .transform((value) => (value === 'auto' ? value : Number(value))),
    '1',
    'Processes that share the port. `auto`: one per core. With the embedded journal, only one.',
  ),
  PRESSBOX_LOG_LEVEL: withDefault(
    z.enum(logLevels, `must be one of ${logLevels.join(', ')}.`),
    'info',
    `Lowest level that is logged: ${logLevels.join(', ')}.`,
  ),
} as const;

type Variable = keyof typeof variables;
type Values = { [V in Variable]: z.output<(typeof variables)[V]> };

// ---- Reading

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
    redisUrls: values.PRESSBOX_REDIS_URL,
    redisMinReplicas: values.PRESSBOX_REDIS_MIN_REPLICAS,
    allowUnsafeRedis: values.PRESSBOX_ALLOW_UNSAFE_REDIS,
    dataDir: values.PRESSBOX_DATA_DIR,
    mediaDir: values.PRESSBOX_MEDIA_DIR ?? (values.PRESSBOX_REDIS_URL ? undefined : join(values.PRESSBOX_DATA_DIR, 'media')),
    jwtSecret: values.PRESSBOX_JWT_SECRET,
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

/** The URL at which the server is reached: the configured one, or one from the host and the port it listens on. */
export function publicUrlOf(config: Pick<Config, 'host' | 'publicUrl'>, port: number): string {
  if (config.publicUrl !== undefined) return config.publicUrl;
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
  const relevant: readonly string[] = ['PRESSBOX_HOST', 'PRESSBOX_PORT', 'PRESSBOX_PUBLIC_URL'] satisfies Variable[];
  const own = mistakes.filter(({ name }) => relevant.includes(name));
  if (own.length > 0) throw new ConfigError(own);
  return publicUrlOf({ host: values.PRESSBOX_HOST, publicUrl: values.PRESSBOX_PUBLIC_URL }, values.PRESSBOX_PORT);
}

/** The table of variables in Markdown, for the docs. */
export function configTable(): string {
  const rows = Object.entries(variables).map(([name, schema]) => {
    const { description, default: fallback } = schema.meta() as unknown as Described;
    const code = schema.safeParse(undefined).data !== undefined;
    return `| \`${name}\` | ${code ? `\`${fallback}\`` : fallback} | ${description} |`;
  });
  return ['| name | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
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
  return Math.min(availableParallelism(), workersMost);
}

function given(env: Record<string, string | undefined>, name: string): string | undefined {
  const value = env[name];
  return value === '' ? undefined : value;
}
