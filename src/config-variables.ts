import { isIP } from 'node:net';
import { z } from 'zod';
import { secretBytes, secretsIn } from './access/secret.ts';
import { isOrigin } from './http/origins.ts';
import { isSentinelUrl, readSentinelUrl } from './journal/redis/connection/store-address.ts';
import { embedHosts, isEmbedHost } from './protocol/embeds/frames.ts';
import { workerLimits } from './workers/worker-limits.ts';

/**
 * Every setting: the schema, default and description of a variable are defined together, and the table in the docs is generated
 * from them. Rules that involve several variables are in `config.ts`.
 */

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

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

export const isLoopback = (host: string) => host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);

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
  if (isSentinelUrl(text)) return readSentinelUrl(text) !== undefined;
  const url = URL.parse(text);
  if (url === null || !/^rediss?:\/\/\S+$/.test(text)) return false;
  if (!/^[a-z0-9.:[\]_-]+$/i.test(url.hostname) || !isEncoded(url.username) || !isEncoded(url.password)) return false;
  return /^\/?[0-9]{0,5}$/.test(url.pathname);
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
        'must have no path. For a server below a path of its host, set PRESSBOX_BASE_PATH too.',
      )
      // The parsed form, without a trailing line break: the value is used in headers.
      .transform((value) => new URL(value).href.replace(/\/+$/, '')),
    'from host and port',
    'URL at which readers reach the server, without a path. Used in feeds and links. If set, requests for other host names are refused.',
  ),
  PRESSBOX_BASE_PATH: optional(
    z
      .string()
      .regex(
        /^(?:\/[A-Za-z0-9_-]+)*\/?$/,
        'must be a path such as /live, of letters, digits, hyphens and underscores. Several parts are separated by slashes.',
      )
      .transform((value) => value.replace(/\/$/, '')),
    'none: at the root',
    'Path of `PRESSBOX_PUBLIC_URL` below which everything is served, such as `/live`. A proxy passes it on unchanged ([base path](../guides/base-path.md)).',
  ),
  PRESSBOX_REDIS_URL: optional(
    z
      .string()
      .transform(redisUrls)
      .refine(
        (urls) => urls.every(isRedisUrl) && (urls.length === 1 || urls.every((url) => /^rediss?:/.test(url))),
        'must be redis://host:port, rediss://host:port, redis+sentinel://host:port,host:port/name, rediss+sentinel://host:port,host:port/name, or several redis URLs separated by commas. User, password and name are percent-encoded, and the last part of the path is the number of a database.',
      ),
    'the embedded journal',
    'Redis or Valkey that keeps the journal: `redis://`, `rediss://`, or, with Sentinel, `redis+sentinel://host:port,…/name` or `rediss+sentinel://host:port,…/name`.',
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
    'Directory of the embedded journal, of the generated secret, and of the file `served-channels`, with any store ([what it is for](../guides/troubleshooting.md#the-store-lost-channels)).',
  ),
  PRESSBOX_MEDIA_DIR: optional(
    z.string().refine((value) => !value.includes('\0'), 'must be the path of a directory.'),
    '`media` in the data directory. With Redis: none, so that uploads are refused',
    'Directory of uploaded pictures, videos and sounds. With Redis, all nodes must share it ([uploads](../guides/publish.md#upload-pictures-videos-and-sound)).',
  ),
  PRESSBOX_JWT_SECRET: optional(
    z.string().transform((value, context) => {
      const secrets = secretsIn(value);
      if (typeof secrets !== 'string') return secrets;
      context.addIssue(secrets);
      return z.NEVER;
    }),
    'generated once and kept in the data directory. With Redis, the secret or a JWK set is required',
    `Secret that signs and verifies tokens (HS256), at least ${secretBytes} bytes. Of several, separated by commas, the first signs and all verify ([change the secret](../guides/tokens.md#change-the-secret)).`,
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
    'The `iss` that tokens of the JWK set must have. If set, a post belongs to its author and this issuer. Without it, administrators of the set are refused.',
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

export type Variable = keyof typeof variables;
export type Values = { [V in Variable]: z.output<(typeof variables)[V]> };

/** The table of variables in Markdown, for the docs. */
export function configTable(): string {
  const rows = Object.entries(variables).map(([name, schema]) => {
    const { description, default: fallback } = schema.meta() as unknown as Described;
    const code = schema.safeParse(undefined).data !== undefined;
    return `| \`${name}\` | ${code ? `\`${fallback}\`` : fallback} | ${description} |`;
  });
  return ['| name | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}
