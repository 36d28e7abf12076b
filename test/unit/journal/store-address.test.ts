import { expect, it } from 'vitest';
import { readSentinelUrl } from '../../../src/journal/redis/connection/store-address.ts';

it('takes user and password before the hosts for the servers, and those of the parameters for the Sentinels', () => {
  const url = 'rediss+sentinel://ada:wo%3Ard@a:1,[::1],c.example/news%20desk/3?sentinel_username=watch&sentinel_password=100%25';
  expect(readSentinelUrl(url)).toEqual({
    name: 'news desk',
    sentinels: [
      { host: 'a', port: 1 },
      { host: '::1', port: 26_379 },
      { host: 'c.example', port: 26_379 },
    ],
    toSentinels: { username: 'watch', password: '100%', tls: {} },
    toServers: { username: 'ada', password: 'wo:rd', db: 3, tls: {} },
  });
});

it('needs neither users nor passwords', () => {
  expect(readSentinelUrl('redis+sentinel://a/news')).toEqual({
    name: 'news',
    sentinels: [{ host: 'a', port: 26_379 }],
    toSentinels: {},
    toServers: { db: 0 },
  });
  expect(readSentinelUrl('redis+sentinel://:word@a/news')?.toServers).toEqual({ password: 'word', db: 0 });
});

it('reads no other addresses', () => {
  for (const url of ['redis://a/0', 'redis+sentinel://a', 'redis+sentinel://a/news?name=b', 'redis+sentinel://a b/news'])
    expect([url, readSentinelUrl(url)]).toEqual([url, undefined]);
});
