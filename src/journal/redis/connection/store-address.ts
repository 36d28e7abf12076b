import type { RedisOptions } from 'ioredis';

/** Whether the URL names one server, or the Sentinels of one. */
export const isStoreUrl = (url: string): boolean => /^rediss?(?:\+sentinel)?:/.test(url);

export const isSentinelUrl = (url: string): boolean => /^rediss?\+sentinel:/.test(url);

/** The address of a Redis server whose master the Sentinels name, as `redis+sentinel://` or `rediss+sentinel://`. */
export interface SentinelAddress {
  /** The name of the master in the configuration of the Sentinels. */
  name: string;
  sentinels: { host: string; port: number }[];
  /** For the connections to the Sentinels. User and password differ from those of the servers. */
  toSentinels: Pick<RedisOptions, 'username' | 'password' | 'tls'>;
  /** For the connections to the master and its replicas. */
  toServers: Pick<RedisOptions, 'username' | 'password' | 'db' | 'tls'>;
}

/** The port of a Sentinel if the URL names none. */
const sentinelPort = 26_379;

/** `host`, `host:port` or `[v6]:port`, separated by commas. */
const authority = /^(?:([^@]*)@)?([^@]+)$/;
const member = /^([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([1-9][0-9]{0,4}))?$/i;

/**
 * Reads `redis+sentinel://[user:password@]host[:port][,host[:port]…]/name[/database][?sentinel_username=…&sentinel_password=…]`,
 * the form of most clients that have one. User and password before the hosts are those of the servers. Returns undefined if the
 * text has another form.
 */
export function readSentinelUrl(text: string): SentinelAddress | undefined {
  const [, secure, before, path, query = ''] =
    /^redis(s?)\+sentinel:\/\/([^/?#\s]+)\/([^?#\s]+)(?:\?([^#\s]*))?$/.exec(text) ?? [];
  const [, credentials, hosts] = authority.exec(before ?? '') ?? [];
  const [, name, database = '0'] = /^([^/]+)(?:\/([0-9]{1,5}))?$/.exec(path ?? '') ?? [];
  const members = (hosts ?? '').split(',').map((one) => member.exec(one));
  const parameters = new URLSearchParams(query);
  const unknown = [...parameters.keys()].some((key) => key !== 'sentinel_username' && key !== 'sentinel_password');
  const [user, word] = (credentials ?? '').split(/:(.*)/s, 2);
  const [username, password, masterName] = [user, word, name].map(decoded);
  if (hosts === undefined || name === undefined || members.includes(null) || unknown) return undefined;
  if (username === undefined || password === undefined || masterName === undefined) return undefined;
  const tls = secure === 's' ? { tls: {} } : {};
  return {
    name: masterName,
    sentinels: members.map((found) => ({
      host: (found?.[1] ?? '').replace(/^\[|\]$/g, ''),
      port: Number(found?.[2] ?? sentinelPort),
    })),
    toSentinels: {
      ...withCredentials(parameters.get('sentinel_username'), parameters.get('sentinel_password')),
      ...tls,
    },
    toServers: { ...withCredentials(username, password), db: Number(database), ...tls },
  };
}

function withCredentials(username: string | null | undefined, password: string | null | undefined) {
  return { ...(username ? { username } : {}), ...(password ? { password } : {}) };
}

/** Returns undefined if the text is not percent-encoded UTF-8. */
function decoded(text: string | undefined): string | undefined {
  try {
    return decodeURIComponent(text ?? '');
  } catch {
    return undefined;
  }
}

/** Splits at the last colon, because an IPv6 address contains others. */
export function hostAndPort(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at), port: Number(address.slice(at + 1)) };
}
