import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Scenario } from '../../../conformance/client-rules.ts';
import { cases, runCases } from '../../../conformance/index.ts';
import { play } from '../../support/readers/rules-runner.ts';
import { run } from '../../support/servers/command.ts';
import { type AskedHeaders, type Sabotage, startSaboteur } from '../../support/servers/rule-breaking-proxy.ts';
import { startTestServer, type TestServer } from '../../support/servers/server.ts';
import { linkCodeFor, signInBy } from '../../support/servers/sign-in-links.ts';

let server: TestServer;
let token: string;
beforeAll(async () => {
  server = await startTestServer();
  token = await server.token({ admin: true });
});
afterAll(async () => await server[Symbol.asyncDispose]());

/** A new signal for each case. */
const signal = () => AbortSignal.timeout(120_000);

describe('a conformance run', () => {
  it('skips the case about sign-in links without a link, and reports a link that was used before', async () => {
    const only = ['sessions/link'];
    const skipped = await runCases({ url: server.url, token, signal: signal(), only });
    expect(skipped.results).toMatchObject([{ outcome: 'skipped', why: expect.stringContaining('--sign-in-link') }]);
    const signInLink = await linkCodeFor(server);
    await signInBy(signInLink, server);
    const broken = await runCases({ url: server.url, token, signInLink, signal: signal(), only });
    expect(broken.results).toMatchObject([{ outcome: 'broken', why: expect.stringContaining('should answer 200') }]);
  });

  it('passes every case on this server and leaves no channel behind', async () => {
    const signInLink = `${server.url}/desk/sign-in#${await linkCodeFor(server)}`;
    const { results, left } = await runCases({ url: server.url, token, signInLink, signal: signal(), quick: true });
    for (const { name, outcome, why } of results) expect.soft(outcome, `${name}: ${why}`).not.toBe('broken');
    expect(results.filter(({ outcome }) => outcome === 'skipped').map(({ name }) => name)).toEqual(
      cases.filter(({ slow }) => slow).map(({ name }) => name),
    );
    expect(left).toEqual([]);
    const { channels } = (await (await fetch(`${server.url}/v1/channels`)).json()) as { channels: { id: string }[] };
    expect(channels).toEqual([]);
  });

  it('reports the cases that the token cannot run and the channels it cannot delete', async () => {
    const editor = await server.token({ editor: ['conformance-*'] });
    const { results, left } = await runCases({ url: server.url, token: editor, signal: signal(), only: ['withdrawals/'] });
    const skipped = results.filter(({ outcome }) => outcome === 'skipped');
    const why = expect.stringContaining('--admin');
    expect(skipped).toMatchObject([
      { name: 'withdrawals/deleted-channel', why },
      { name: 'withdrawals/deletion-at-a-cursor', why },
      { name: 'withdrawals/server-journal', why },
    ]);
    expect(left.length).toBeGreaterThan(5);
    for (const id of left) {
      const { status } = await fetch(`${server.url}/v1/channels/${id}`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${token}` },
      });
      expect([202, 204]).toContain(status);
    }
  });
});

/** A server that uses only the first of two headers of this name. */
function oneOf(name: string): NonNullable<Sabotage['headers']> {
  return (headers) => ({ ...headers, [name]: headers[name]?.slice(0, 1) });
}

/** A server that compresses matching answers for every client. */
function packed(fits: (path: string, asked: AskedHeaders) => boolean): NonNullable<Sabotage['answer']> {
  return (said, path, asked) => {
    if (!fits(path, asked)) return said;
    return { ...said, headers: { ...said.headers, 'content-encoding': 'gzip' } };
  };
}

/** Ways to break the server, by the rule that each breaks, with the part of the rule in brackets. */
const sabotages: Record<string, Sabotage> = {
  'catch-up/another-history': {
    answer: (said, path) => ({
      ...said,
      body: path.includes('/events?') ? said.body.replace('"reset":true', '"reset":false') : said.body,
    }),
  },
  'catch-up/latest-state-once': {
    // Like a push server that replays its messages.
    answer: (said, path) => ({
      ...said,
      body: path.includes('/events?') ? said.body.replace('<p>One.', '<p>Superseded again.') : said.body,
    }),
  },
  'catch-up/pages': { answer: (said) => ({ ...said, body: said.body.replace('"more":true', '"more":false') }) },
  'writes/idempotency': { headers: ({ 'idempotency-key': _key, ...rest }) => rest },
  'writes/rivals': { headers: (headers) => (headers['if-match'] === undefined ? headers : { ...headers, 'if-match': ['*'] }) },
  'writes/unknown-field': {
    answer: (said) => (said.status === 400 ? { ...said, headers: { 'content-type': 'text/html' } } : said),
  },
  'writes/two-of-a-header (Host)': { headers: oneOf('host') },
  'writes/two-of-a-header (Authorization)': { headers: oneOf('authorization') },
  'writes/two-of-a-header (Content-Type)': { headers: oneOf('content-type') },
  'writes/two-of-a-header (Idempotency-Key)': { headers: oneOf('idempotency-key') },
  'model/two-views': {
    answer: (said, path) => ({
      ...said,
      body: /posts\/[^/]+$/.test(path) ? said.body.replace('{', '{"publishedBy":"ada",') : said.body,
    }),
  },
  'reading/snapshot-etag': { headers: ({ 'if-none-match': _tag, ...rest }) => rest },
  'reading/caching': { answer: (said) => ({ ...said, headers: { ...said.headers, 'cache-control': 'public, max-age=60' } }) },
  'reading/not-found': {
    answer: (said) =>
      said.status === 404 ? { ...said, body: said.body.replace('"title"', `"at":${Math.random()},"title"`) } : said,
  },
  'reading/what-is-not-found': {
    answer: (said) =>
      said.status === 404 ? { ...said, body: said.body.replace(/"detail":"[^"]*"/, '"detail":"Unknown. See /docs."') } : said,
  },
  'compression/public-answers (never compressed)': { headers: ({ 'accept-encoding': _coding, ...rest }) => rest },
  'compression/public-answers (always compressed)': { answer: packed((path) => path.endsWith('/snapshot')) },
  'compression/public-answers (without Vary)': {
    answer: ({ headers: { vary: _vary, ...headers }, ...said }) => ({ ...said, headers }),
  },
  'compression/public-answers (with one entity tag)': {
    answer: (said) => ({ ...said, headers: { ...said.headers, etag: '"one"' } }),
  },
  'compression/public-answers (never revalidated)': { headers: ({ 'if-none-match': _tag, ...rest }) => rest },
  'compression/other-answers (token)': {
    answer: packed((path, { authorization }) => path.endsWith('/snapshot') && authorization !== undefined),
  },
  'compression/other-answers (session)': { answer: packed((_path, { cookie }) => cookie !== undefined) },
  'compression/other-answers (wait)': { answer: packed((path) => path.includes('&wait=')) },
  'compression/other-answers (stream)': { answer: packed((path) => path.endsWith('/stream')) },
  'sockets/subscribe': { frames: (bytes) => bytes.replace('"from":3', '"from":4') },
  'sockets/takedown': { frames: (bytes) => bytes.replace('post.taken-down', 'post.retracted ') },
  'sockets/another-history': { frames: (bytes) => bytes.replace('"reset":true', '"reset":null') },
};

const ruleOf = (broken: string) => broken.split(' ', 1)[0] as string;

describe('a server that breaks a rule', () => {
  it.each(Object.entries(sabotages))('fails %s', async (broken, sabotage) => {
    const name = ruleOf(broken);
    await using saboteur = await startSaboteur(server.url, sabotage);
    const { results } = await runCases({ url: saboteur.url, token, signal: signal(), only: [name] });
    expect(results.map(({ outcome }) => outcome)).toEqual(['broken']);
    // The case failed because of the rule, not because it could not run.
    expect(results[0]?.why).not.toContain('could not continue');
  });

  it('passes when the proxy changes nothing', async () => {
    await using saboteur = await startSaboteur(server.url, {});
    const { results } = await runCases({ url: saboteur.url, token, signal: signal(), only: Object.keys(sabotages).map(ruleOf) });
    for (const { name, outcome, why } of results) expect.soft(outcome, `${name}: ${why}`).toBe('kept');
  });
});

describe('pressbox conformance', () => {
  const runPressbox = async (argv: string[]) => {
    const running = run(argv, {});
    const code = await running.code;
    return { code, out: running.out, err: running.err };
  };
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pressbox-conformance-'));
  });
  afterAll(async () => await rm(folder, { recursive: true, force: true }));

  it('prints each rule, records the exchange without tokens, and exits with 0', async () => {
    const file = join(folder, 'exchanges.json');
    const { code, out } = await runPressbox([
      'conformance',
      server.url,
      '--token',
      token,
      '--only',
      'catch-up/',
      '--record',
      file,
    ]);
    expect(out).toContain('✓ catch-up/latest-state-once');
    expect(out).toMatch(/\d+ kept, 0 broken, 0 skipped/);
    expect(code).toBe(0);
    const text = await readFile(file, 'utf8');
    expect(text).not.toContain(token);
    const recorded = JSON.parse(text) as { name: string; exchange: { to: string; http?: { status?: number } }[] }[];
    const missed = recorded.find(({ name }) => name === 'catch-up/latest-state-once');
    expect(missed?.exchange.filter(({ to }) => to === 'server').length).toBeGreaterThan(5);
    expect(missed?.exchange.at(-1)?.http).toMatchObject({ status: 200, body: { mode: 'replay' } });
  });

  it('exits with 1 if a rule is broken, and prints the expected value', async () => {
    await using saboteur = await startSaboteur(server.url, sabotages['catch-up/another-history'] as Sabotage);
    const { code, out } = await runPressbox([
      'conformance',
      saboteur.url,
      '--token',
      token,
      '--only',
      'catch-up/another-history',
    ]);
    expect(out).toContain('✗ catch-up/another-history');
    expect(out).toContain('should be ["snapshot",true] but is ["snapshot",false]');
    expect(code).toBe(1);
  });

  it('exits with 1 if it cannot write the record, and says so', async () => {
    const file = join(folder, 'none', 'exchanges.json');
    const recordArgv = ['conformance', server.url, '--token', token, '--only', 'sockets/bad-token', '--record', file];
    expect(await runPressbox(recordArgv)).toMatchObject({ code: 1, err: expect.stringContaining(`pressbox: ${file}: ENOENT`) });
  });

  it('records the rules for clients, which pressbox/client follows', async () => {
    const file = join(folder, 'rules.json');
    const { code } = await runPressbox(['conformance', server.url, '--token', token, '--client-rules', file]);
    expect(code).toBe(0);
    const scenarios = JSON.parse(await readFile(file, 'utf8')) as Scenario[];
    expect(scenarios.length).toBeGreaterThan(10);
    for (const scenario of scenarios) play(scenario);
  });

  it('names a missing option, and a server that it cannot test', async () => {
    expect(await runPressbox(['conformance', server.url])).toMatchObject({ code: 2, err: expect.stringContaining('--token') });
    const reader = await server.token({ reader: ['*'] });
    const refused = await runPressbox(['conformance', server.url, '--token', reader]);
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('does not let this token create a channel: 403') });
    const nowhere = await runPressbox(['conformance', 'http://127.0.0.1:9', '--token', token]);
    expect(nowhere).toMatchObject({ code: 1, err: expect.stringContaining('could not be reached') });
    const none = await runPressbox(['conformance', server.url, '--token', token, '--only', 'nothing/']);
    expect(none).toMatchObject({ code: 2, err: expect.stringContaining('--list') });
  });
});
