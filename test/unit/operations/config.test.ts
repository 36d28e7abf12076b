import { availableParallelism } from 'node:os';
import express from 'express';
import { describe, expect, it } from 'vitest';
import { ConfigError, publicUrlOf, readConfig } from '../../../src/config.ts';
import { configTable, variables } from '../../../src/config-variables.ts';
import { embedHosts } from '../../../src/protocol/embeds/frames.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { workerLimits } from '../../../src/workers/worker-limits.ts';

function mistakesOf(env: Record<string, string>) {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('The configuration was accepted.');
}

describe('the configuration', () => {
  it('has the documented defaults', () => {
    expect(readConfig({})).toEqual({
      host: '127.0.0.1',
      port: 4000,
      publicUrl: undefined,
      basePath: '',
      redisUrls: undefined,
      redisMinReplicas: 0,
      allowUnsafeRedis: false,
      dataDir: './data',
      mediaDir: 'data/media',
      jwtSecrets: undefined,
      jwksUrl: undefined,
      jwtIssuer: undefined,
      jwtAudience: 'pressbox',
      jwtMaxLifetimeMinutes: 0,
      sessionIdleMinutes: 0,
      olderPosts: 'issuer',
      origins: [],
      trustProxy: false,
      brandDir: undefined,
      pageSources: [],
      embedHosts,
      reportUrl: undefined,
      securityContact: undefined,
      writesPerSecond: 20,
      requestsPerSecond: 50,
      connectionsPerAddress: 1000,
      workers: 1,
      logLevel: 'info',
      unknownSettings: [],
    });
  });

  it.for([
    ['PRESSBOX_ORIGIN', 'PRESSBOX_ORIGINS'],
    ['PRESSBOX_PROT', 'PRESSBOX_PORT'],
    ['pressbox_port', 'PRESSBOX_PORT'],
    ['PRESSBOX_DATADIR', 'PRESSBOX_DATA_DIR'],
    ['PRESSBOX_TRUSTED_PROXY', 'PRESSBOX_TRUST_PROXY'],
    ['PRESSBOX_COLOUR', undefined],
  ] as const)('reports %s as an unknown setting, and suggests %s', ([name, nearest]) => {
    expect(readConfig({ [name]: '80' }).unknownSettings).toEqual([{ name, nearest }]);
  });

  it('ignores names that the commands read, or that Kubernetes or Docker set for a service', () => {
    const names = [
      ...['URL', 'TOKEN', 'SERVICE_HOST', 'SERVICE_PORT', 'SERVICE_PORT_HTTP', 'NAME', 'ENV_PATH'],
      ...['PORT_4000_TCP', 'PORT_4000_TCP_PROTO', 'PORT_4000_TCP_PORT', 'PORT_4000_TCP_ADDR'],
      ...['REDIS_SERVICE_HOST', 'REDIS_PORT_6379_TCP_ADDR', 'WEB_1_PORT_80_UDP'],
    ];
    const env = Object.fromEntries(names.map((name) => [`PRESSBOX_${name}`, '10.0.0.1']));
    expect(readConfig({ ...env, PRESSBOX_REDIS_PORT: 'tcp://10.0.0.1:6379' }).unknownSettings).toEqual([]);
  });

  it('treats an empty value as unset, and ignores other variables', () => {
    const empty = Object.fromEntries(Object.keys(variables).map((name) => [name, '']));
    expect(readConfig({ ...empty, PATH: '/bin', PRESSBOX_TOKEN: 'x', PRESSBOX_URL: 'y' })).toEqual(readConfig({}));
  });

  it('explains a port that Kubernetes set to the address of a service', () => {
    const { mistakes } = mistakesOf({ PRESSBOX_PORT: 'tcp://10.96.0.7:80', PRESSBOX_SERVICE_HOST: '10.96.0.7' });
    expect(mistakes).toEqual([{ name: 'PRESSBOX_PORT', message: expect.stringMatching(/Kubernetes.*enableServiceLinks/) }]);
  });

  it('reads every variable', () => {
    const config = readConfig({
      PRESSBOX_HOST: '::',
      PRESSBOX_PORT: '0',
      PRESSBOX_PUBLIC_URL: 'https://live.example.org/',
      PRESSBOX_BASE_PATH: '/live',
      PRESSBOX_REDIS_URL: 'redis+sentinel://a:26379,b:26379/pressbox',
      PRESSBOX_REDIS_MIN_REPLICAS: '2',
      PRESSBOX_ALLOW_UNSAFE_REDIS: 'on',
      PRESSBOX_DATA_DIR: '/var/lib/pressbox',
      PRESSBOX_JWT_SECRET: 'é'.repeat(16),
      PRESSBOX_JWKS_URL: 'https://id.example.org/keys',
      PRESSBOX_JWKS_HTTP_HOSTS: 'keycloak',
      PRESSBOX_JWT_ISSUER: 'https://id.example.org',
      PRESSBOX_JWT_AUDIENCE: 'live',
      PRESSBOX_JWT_MAX_LIFETIME_MINUTES: '60',
      PRESSBOX_SESSION_IDLE_MINUTES: '30',
      PRESSBOX_OLDER_POSTS: 'secret',
      PRESSBOX_ORIGINS: 'https://www.example.org, http://localhost:8080',
      PRESSBOX_TRUST_PROXY: 'loopback, 10.0.0.0/8,fd00::/8',
      PRESSBOX_MEDIA_DIR: '/srv/media',
      PRESSBOX_BRAND_DIR: '/etc/pressbox/brand',
      PRESSBOX_PAGE_SOURCES: 'https://stats.example.org, https://consent.example.org',
      PRESSBOX_EMBED_HOSTS: 'www.youtube-nocookie.com, mastodon.example',
      PRESSBOX_REPORT_URL: 'https://reports.example.org/csp',
      PRESSBOX_SECURITY_CONTACT: 'security@example.org',
      PRESSBOX_WRITES_PER_SECOND: '0',
      PRESSBOX_REQUESTS_PER_SECOND: '7',
      PRESSBOX_CONNECTIONS_PER_ADDRESS: '8',
      PRESSBOX_WORKERS: '1',
      PRESSBOX_LOG_LEVEL: 'debug',
    });
    expect(config).toMatchObject({
      host: '::',
      port: 0,
      publicUrl: 'https://live.example.org',
      basePath: '/live',
      redisUrls: ['redis+sentinel://a:26379,b:26379/pressbox'],
      redisMinReplicas: 2,
      allowUnsafeRedis: true,
      dataDir: '/var/lib/pressbox',
      jwksUrl: 'https://id.example.org/keys',
      jwtIssuer: 'https://id.example.org',
      jwtAudience: 'live',
      jwtMaxLifetimeMinutes: 60,
      sessionIdleMinutes: 30,
      olderPosts: 'secret',
      origins: ['https://www.example.org', 'http://localhost:8080'],
      trustProxy: 'loopback, 10.0.0.0/8, fd00::/8',
      mediaDir: '/srv/media',
      brandDir: '/etc/pressbox/brand',
      pageSources: ['https://stats.example.org', 'https://consent.example.org'],
      embedHosts: ['www.youtube-nocookie.com', 'mastodon.example'],
      reportUrl: 'https://reports.example.org/csp',
      securityContact: 'mailto:security@example.org',
      writesPerSecond: 0,
      requestsPerSecond: 7,
      connectionsPerAddress: 8,
      workers: 1,
      logLevel: 'debug',
    });
    expect(config.jwtSecrets?.[0]).toHaveLength(32);
  });

  it('normalizes the public URL', () => {
    for (const text of ['https://live.example.org\n', ' https://live.example.org ', 'HTTPS://LIVE.example.org:443//']) {
      expect(readConfig({ PRESSBOX_PUBLIC_URL: text }).publicUrl).toBe('https://live.example.org');
    }
    expect(readConfig({ PRESSBOX_PUBLIC_URL: 'http://a.example:8080/' }).publicUrl).toBe('http://a.example:8080');
  });

  it('refuses a path in the public URL, because pages would not find their files', () => {
    for (const text of [
      'http://a.example:8080/news',
      'https://example.org/news/',
      'https://example.org//news',
      'https://example.org/%20',
    ]) {
      expect(mistakesOf({ PRESSBOX_PUBLIC_URL: text }).mistakes).toEqual([
        { name: 'PRESSBOX_PUBLIC_URL', message: expect.stringMatching(/^must have no path\..*PRESSBOX_BASE_PATH/) },
      ]);
    }
  });

  it('refuses the same port for operators and for everyone', () => {
    const message = 'must differ from PRESSBOX_PORT.';
    expect(mistakesOf({ PRESSBOX_ADMIN_PORT: '4000' }).mistakes).toEqual([{ name: 'PRESSBOX_ADMIN_PORT', message }]);
    expect(readConfig({ PRESSBOX_ADMIN_PORT: '0', PRESSBOX_PORT: '0' }).adminPort).toBe(0);
    expect(readConfig({}).adminPort).toBeUndefined();
  });

  it('reports all mistakes at once, each with the name of the variable and the valid values', () => {
    const error = mistakesOf({
      PRESSBOX_HOST: 'two words',
      PRESSBOX_PORT: '65536',
      PRESSBOX_ADMIN_PORT: '-1',
      PRESSBOX_PUBLIC_URL: 'live.example.org',
      PRESSBOX_BASE_PATH: 'live',
      PRESSBOX_REDIS_URL: 'localhost',
      PRESSBOX_REDIS_MIN_REPLICAS: '-1',
      PRESSBOX_ALLOW_UNSAFE_REDIS: 'perhaps',
      PRESSBOX_DATA_DIR: 'a\0b',
      PRESSBOX_JWT_SECRET: 'too short',
      PRESSBOX_JWKS_URL: 'file:///keys',
      PRESSBOX_JWKS_HTTP_HOSTS: 'http://keycloak',
      PRESSBOX_JWT_ISSUER: 'two words',
      PRESSBOX_JWT_AUDIENCE: 'two words',
      PRESSBOX_JWT_MAX_LIFETIME_MINUTES: 'an hour',
      PRESSBOX_SESSION_IDLE_MINUTES: '4',
      PRESSBOX_OLDER_POSTS: 'everyone',
      PRESSBOX_ORIGINS: 'https://www.example.org/',
      PRESSBOX_TRUST_PROXY: 'everyone',
      PRESSBOX_MEDIA_DIR: 'media\0',
      PRESSBOX_BRAND_DIR: 'brand\0',
      PRESSBOX_PAGE_SOURCES: 'http://stats.example.org',
      PRESSBOX_EMBED_HOSTS: 'https://mastodon.example',
      PRESSBOX_REPORT_URL: 'https://reports.example.org/"; x',
      PRESSBOX_SECURITY_CONTACT: 'somebody',
      PRESSBOX_WRITES_PER_SECOND: '1.5',
      PRESSBOX_REQUESTS_PER_SECOND: '1e3',
      PRESSBOX_CONNECTIONS_PER_ADDRESS: 'many',
      PRESSBOX_WORKERS: '0',
      PRESSBOX_LOG_LEVEL: 'loud',
    });
    expect(error.mistakes.map(({ name }) => name).sort()).toEqual(Object.keys(variables).sort());
    for (const { name, message } of error.mistakes) {
      expect(error.message).toContain(`${name}: ${message}`);
      expect(message).toMatch(/must (be|have)|has only/);
    }
  });

  it('prints none of the given values, which may be secrets', () => {
    const env = Object.fromEntries(Object.keys(variables).map((name, index) => [name, `§hunter${index}`]));
    const { message } = mistakesOf(env);
    expect(message).not.toContain('hunter');
    expect(mistakesOf({ PRESSBOX_REDIS_URL: 'redis://user:hunter2@localhost' }).message).not.toContain('hunter2');
  });

  it('refuses settings that need Redis without it, and Redis without a common secret', () => {
    const alone = mistakesOf({ PRESSBOX_WORKERS: '2', PRESSBOX_REDIS_MIN_REPLICAS: '1' });
    expect(alone.mistakes.map(({ name }) => name)).toEqual(['PRESSBOX_WORKERS', 'PRESSBOX_REDIS_MIN_REPLICAS']);
    const unsigned = mistakesOf({ PRESSBOX_REDIS_URL: 'redis://localhost' });
    expect(unsigned.mistakes.map(({ name }) => name)).toEqual(['PRESSBOX_JWT_SECRET']);
  });

  it('accepts a JWK set over HTTP from the loopback, and from hosts that are named', () => {
    const from = (PRESSBOX_JWKS_URL: string, more = {}) => readConfig({ PRESSBOX_JWKS_URL, ...more }).jwksUrl;
    for (const host of ['localhost:8080', '127.0.0.1', '127.1.2.3:81', '[::1]:8080']) {
      expect(from(`http://${host}/keys`)).toBe(`http://${host}/keys`);
    }
    expect(from('http://keycloak:8080/keys', { PRESSBOX_JWKS_HTTP_HOSTS: 'other, Keycloak' })).toBe('http://keycloak:8080/keys');
    for (const url of [
      'http://keycloak/keys',
      'http://127.0.0.1.example/keys',
      'http://localhost.example/',
      'http://10.0.0.1/',
    ]) {
      expect(mistakesOf({ PRESSBOX_JWKS_URL: url, PRESSBOX_JWKS_HTTP_HOSTS: 'other' }).mistakes).toEqual([
        { name: 'PRESSBOX_JWKS_URL', message: expect.stringContaining('PRESSBOX_JWKS_HTTP_HOSTS') },
      ]);
    }
  });

  it('lets readers open posts of the known providers, of further hosts, or of none, and never of its own', () => {
    const hosts = (PRESSBOX_EMBED_HOSTS: string, more = {}) => readConfig({ PRESSBOX_EMBED_HOSTS, ...more }).embedHosts;
    expect(hosts('')).toEqual(embedHosts);
    expect(hosts('none')).toEqual([]);
    expect(hosts('default, mastodon.example, default')).toEqual([...embedHosts, 'mastodon.example']);
    for (const wrong of [
      'localhost',
      '127.0.0.1',
      'a.example:443',
      'A.example',
      '*.a.example',
      "a.example 'self'",
      'none,a.example',
    ]) {
      expect(mistakesOf({ PRESSBOX_EMBED_HOSTS: wrong }).mistakes.map(({ name }) => name)).toEqual(['PRESSBOX_EMBED_HOSTS']);
    }
    for (const own of [{ PRESSBOX_PUBLIC_URL: 'https://Live.example.org:8443' }, { PRESSBOX_HOST: 'live.example.org' }]) {
      expect(mistakesOf({ PRESSBOX_EMBED_HOSTS: 'default,live.example.org', ...own }).mistakes).toEqual([
        { name: 'PRESSBOX_EMBED_HOSTS', message: expect.stringContaining('must not name the host of this server') },
      ]);
    }
  });

  it('refuses rules for the tokens of an issuer without a JWK set', () => {
    const { mistakes } = mistakesOf({ PRESSBOX_JWT_ISSUER: 'https://id.example.org' });
    expect(mistakes).toEqual([{ name: 'PRESSBOX_JWT_ISSUER', message: 'needs PRESSBOX_JWKS_URL.' }]);
  });

  it('accepts an idle limit of sessions from 5 minutes to 12 hours, or none', () => {
    const minutes = (PRESSBOX_SESSION_IDLE_MINUTES: string) => readConfig({ PRESSBOX_SESSION_IDLE_MINUTES }).sessionIdleMinutes;
    expect(['0', '5', '720'].map(minutes)).toEqual([0, 5, limits.sessionHours * 60]);
    const message = 'must be 0, or a whole number from 5 to 720.';
    for (const wrong of ['4', '721', '7.5', '-5', 'off']) {
      const { mistakes } = mistakesOf({ PRESSBOX_SESSION_IDLE_MINUTES: wrong });
      expect(mistakes).toEqual([{ name: 'PRESSBOX_SESSION_IDLE_MINUTES', message }]);
    }
  });

  it('allows several processes with Redis, and one with the embedded journal', () => {
    const redis = { PRESSBOX_REDIS_URL: 'redis://h', PRESSBOX_JWKS_URL: 'https://id.example/keys' };
    expect(readConfig({ ...redis, PRESSBOX_WORKERS: '3' }).workers).toBe(3);
    expect(readConfig({ ...redis, PRESSBOX_WORKERS: 'auto' }).workers).toBe(Math.min(availableParallelism(), 256));
    expect(readConfig({ PRESSBOX_WORKERS: 'auto' }).workers).toBe(1);
    const [refused] = mistakesOf({ PRESSBOX_WORKERS: '3' }).mistakes;
    expect(refused?.message).toMatch(/only one process can open\. For more processes, set PRESSBOX_REDIS_URL\.$/);
    const { workersMost } = workerLimits;
    expect(readConfig({ ...redis, PRESSBOX_WORKERS: `${workersMost}` }).workers).toBe(workersMost);
    for (const wrong of ['0', `${workersMost + 1}`, '1.5', 'Auto', 'all']) {
      expect(mistakesOf({ ...redis, PRESSBOX_WORKERS: wrong }).message).toContain('from 1 to 256, or auto.');
    }
  });

  it.each([
    ['redis://h'],
    ['rediss://user:word@h:6380/0'],
    ['redis://user:100%25@h/12'],
    [' redis://h\n'],
    ['redis://a:1,redis://b:2, redis://c:3'],
    ['redis+sentinel://a:1,b:2,c:3/name'],
    ['redis+sentinel://:word@a:1/name'],
    ['rediss+sentinel://user:wo%3Ard@a,[::1]:2/name/3?sentinel_username=watch&sentinel_password=100%25'],
  ])('accepts %s as the address of a Redis', (url) => {
    const { redisUrls } = readConfig({ PRESSBOX_REDIS_URL: url, PRESSBOX_JWT_SECRET: 'x'.repeat(32) });
    for (const one of redisUrls!) expect(one).toMatch(/^redis\S+$/);
  });

  it.each([
    ['h:6379'],
    ['http://h'],
    ['redis://'],
    ['redis+sentinel://a:1,b:2'],
    ['redis+sentinel://a:1/n,redis://b:2'],
    ['redis+sentinel://a:1,/name'],
    ['redis+sentinel://a:1/name/one'],
    ['redis+sentinel://user:100%@a:1/name'],
    ['redis+sentinel://a:1/name?sentinel_pass=word'],
    ['redis-sentinel://a:1/name'],
    ['redis://a,b'],
    ['REDIS://h'],
    ['redis://user:100%@h'],
    ['redis://user:%ff@h'],
    ['redis://h/one'],
  ])('refuses %s as the address of a Redis', (url) => {
    const error = mistakesOf({ PRESSBOX_REDIS_URL: url, PRESSBOX_JWT_SECRET: 'x'.repeat(32) });
    expect(error.mistakes.map(({ name }) => name)).toEqual(['PRESSBOX_REDIS_URL']);
  });

  it.each([
    ['off', false],
    ['false', false],
    ['0', false],
    ['on', true],
    ['TRUE', true],
    ['1', 1],
    ['12', 12],
    ['127.0.0.1', '127.0.0.1'],
    ['::1/128,linklocal', '::1/128, linklocal'],
    ['128.0.0.0/1,::ffff:10.0.0.1,fe80::1%eth0', '128.0.0.0/1, ::ffff:10.0.0.1, fe80::1%eth0'],
  ])('reads PRESSBOX_TRUST_PROXY=%s', (value, expected) => {
    const { trustProxy } = readConfig({ PRESSBOX_TRUST_PROXY: value });
    expect(trustProxy).toBe(expected);
    expect(() => express().set('trust proxy', trustProxy)).not.toThrow();
  });

  it.each([
    ['10.0.0.0/33'],
    ['1.2.3'],
    ['loopback,'],
    ['::1/129'],
    ['10.0.0.0/8/8'],
    ['-1'],
    // Express throws at these.
    ['0.0.0.0/0'],
    ['::/00'],
    ['64:ff9b::192.0.2.1'],
    ['fe80::1%eth-0'],
  ])('refuses PRESSBOX_TRUST_PROXY=%s', (value) => {
    expect(mistakesOf({ PRESSBOX_TRUST_PROXY: value }).mistakes).toHaveLength(1);
  });

  it.each([
    ['https://WWW.example.org'],
    ['https://example.org:443'],
    ['http://example.org:80'],
    ['https://example.org/'],
    ['example.org'],
    ['https://*.example.org'],
    ['null'],
    ['https://user@example.org'],
    ['https://example.org,*'],
    ['https://example.org,,https://b.example'],
  ])('refuses the origin %s, which no browser sends', (value) => {
    expect(mistakesOf({ PRESSBOX_ORIGINS: value }).mistakes.map(({ name }) => name)).toEqual(['PRESSBOX_ORIGINS']);
  });

  it('accepts * as the origin for every page', () => {
    expect(readConfig({ PRESSBOX_ORIGINS: '*' }).origins).toBe('*');
  });

  it('derives the public address from host and port if none is set', () => {
    expect(publicUrlOf({ host: '127.0.0.1', publicUrl: undefined, basePath: '' }, 4000)).toBe('http://127.0.0.1:4000');
    expect(publicUrlOf({ host: '::1', publicUrl: undefined, basePath: '' }, 4000)).toBe('http://[::1]:4000');
    expect(publicUrlOf({ host: '0.0.0.0', publicUrl: undefined, basePath: '' }, 80)).toBe('http://localhost');
    expect(publicUrlOf({ host: '::', publicUrl: 'https://live.example.org', basePath: '' }, 80)).toBe('https://live.example.org');
  });

  it('adds the base path to the public address', () => {
    expect(publicUrlOf({ host: '127.0.0.1', publicUrl: undefined, basePath: '/live' }, 4000)).toBe('http://127.0.0.1:4000/live');
    const { host, publicUrl, basePath } = readConfig({
      PRESSBOX_PUBLIC_URL: 'https://www.example.org/',
      PRESSBOX_BASE_PATH: '/news/live/',
    });
    expect(publicUrlOf({ host, publicUrl, basePath }, 4000)).toBe('https://www.example.org/news/live');
    for (const none of ['', '/']) expect(readConfig({ PRESSBOX_BASE_PATH: none }).basePath).toBe('');
  });

  it.each(['live', '/a//b', '/a b', '/..', '/a?b', '/%6c', '//evil.example', '/live/../x'])(
    'refuses the base path %s',
    (value) => {
      const message = expect.stringContaining('must be a path such as /live');
      expect(mistakesOf({ PRESSBOX_BASE_PATH: value }).mistakes).toEqual([{ name: 'PRESSBOX_BASE_PATH', message }]);
    },
  );

  it('describes every variable in the table of the docs', () => {
    const rows = configTable().split('\n').slice(2);
    expect(rows).toHaveLength(Object.keys(variables).length);
    for (const [index, name] of Object.keys(variables).entries()) {
      expect(rows[index]).toMatch(new RegExp(`^\\| \`${name}\` \\| \\S.* \\| \\S.*\\. ?.*\\|$`));
    }
  });
});
