import { Redis, type RedisOptions } from 'ioredis';
import { hostAndPort, isSentinelUrl, readSentinelUrl } from './store-address.ts';

/** Options of ioredis, without the one that changes the types of answers. */
type ClientOptions = Omit<RedisOptions, 'replyMapping'>;

/**
 * A Redis client for the server of the URL, or for the master that the Sentinels of the URL name. With Sentinels, each new
 * connection leads to what `lead` returns for the address that the first Sentinel names, as host and port.
 */
export function redisAt(url: string, options: ClientOptions, lead = (named: string) => named): Redis {
  const address = isSentinelUrl(url) ? readSentinelUrl(url) : undefined;
  if (address === undefined) return new Redis(url, options);
  const { name, sentinels, toSentinels, toServers } = address;
  return new Redis({
    ...options,
    ...toServers,
    ...(toSentinels.tls && { enableTLSForSentinelMode: true, sentinelTLS: toSentinels.tls }),
    ...(toSentinels.username && { sentinelUsername: toSentinels.username }),
    ...(toSentinels.password && { sentinelPassword: toSentinels.password }),
    sentinels,
    name,
    // The Sentinels of the URL are those whose majority counts. With others, `natMap` would be called for their addresses too.
    updateSentinels: false,
    natMap: (named: string) => hostAndPort(lead(named)),
    role: 'master',
    // The master that it named is a replica by now. The client asks again, and the command is not repeated.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  });
}

/** A Redis client for a server of the same group. It has the same user and password. */
export function serverAt(url: string, host: string, port: number, options: ClientOptions): Redis {
  const address = isSentinelUrl(url) ? readSentinelUrl(url) : undefined;
  if (address !== undefined) return new Redis({ ...options, ...address.toServers, host, port });
  // ioredis prefers the URL to the options, so the URL must name the replica.
  const there = new URL(url);
  there.hostname = host.includes(':') ? `[${host}]` : host;
  there.port = String(port);
  return new Redis(there.href, options);
}
