import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { run } from '../../support/servers/command.ts';
import { call, secretOf, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { signInBy } from '../../support/servers/sign-in-links.ts';

/** `pressbox token` and its subcommands. */

let test: TestServer;
beforeAll(async () => {
  test = await startTestServer();
});
afterAll(() => test[Symbol.asyncDispose]());

async function done(argv: string[], env: Record<string, string> = {}, input = '') {
  const running = run(argv, { PRESSBOX_URL: test.url, PRESSBOX_JWT_SECRET: secretOf(test), ...env }, { input });
  return { code: await running.code, out: running.out, err: running.err };
}

describe('pressbox token', () => {
  it('needs only a name, and then warns that the token permits nothing beyond anonymous access', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'pressbox-cli-'));
    onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
    const first = await done(['token', '--name', 'Ada', '--data-dir', dataDir], { PRESSBOX_JWT_SECRET: '' });
    expect(first.code).toBe(0);
    expect(first.out).toMatch(/^\S+\.\S+\.\S+\n$/);
    expect(first.err).toContain('permits no more');
    // A wrong directory would give a token that no server accepts, so the command reports a newly created secret.
    expect(first.err).toContain(`so one was created: ${join(dataDir, 'token-secret')}`);
    const second = await done(['token', '--name', 'Ada', '--admin', '--data-dir', dataDir], { PRESSBOX_JWT_SECRET: '' });
    expect([second.code, second.err]).toEqual([0, expect.stringMatching(/^Its id, for `pressbox token revoke`: \S+\n$/)]);
    expect(second.out).toMatch(/^\S+\.\S+\.\S+\n$/);
  });

  it('rejects an empty name, which no server accepts', async () => {
    const { code, out, err } = await done(['token', '--name', ' ']);
    expect([code, out, err]).toEqual([2, '', expect.stringContaining('--name')]);
  });

  it('rejects what no server accepts, and names the option', async () => {
    const long = 'a'.repeat(301);
    for (const [option, ...argv] of [
      ['--name', '--name', long],
      ['--name', '--name', 'Ada\tByron'],
      ['--sub', '--name', 'Ada', '--sub', ''],
      ['--editor', '--name', 'Ada', ...Array.from({ length: 1_001 }, (_, at) => ['--editor', `c${at}`]).flat()],
      ['--author', '--name', 'Ada', ...Array.from({ length: 200 }, (_, at) => ['--author', `${'c'.repeat(90)}${at}`]).flat()],
    ]) {
      const { code, out, err } = await done(['token', ...argv]);
      expect([option, code, out, err]).toEqual([option, 2, '', expect.stringContaining(option as string)]);
    }
  });

  it('accepts durations in the usual notation', async () => {
    expect((await done(['token', '--help'])).out).toContain('(default: 8h)');
  });
});

describe('a token signed elsewhere', () => {
  it('is refused with the likely reason: another secret, for example of another data directory', async () => {
    const made = await done(['token', '--name', 'Ada', '--editor', '*'], { PRESSBOX_JWT_SECRET: 'x'.repeat(32) });
    const refused = await done(['channel', 'create', 'Moon'], { PRESSBOX_TOKEN: made.out.trim() });
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('signed with another secret')]);
  });
});

describe('a token for a command', () => {
  it('comes from a file or standard input, without appearing on a command line', async () => {
    await using server = await startTestServer();
    const token = await server.token();
    const folder = await mkdtemp(join(tmpdir(), 'pressbox-token-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'token');
    await writeFile(file, `${token}\n`);
    const env = { PRESSBOX_URL: server.url, PRESSBOX_TOKEN: 'none' };
    const by = async (argv: string[], input = '') => {
      const running = run(argv, env, { input });
      return { code: await running.code, out: running.out, err: running.err };
    };
    for (const [argv, input] of [
      [['channel', 'create', 'Moon', '--id', 'moon', '--token-file', file], ''],
      [['post', 'moon', 'One.', '--token-file', '-'], ` ${token}\n`],
      [['export', 'moon', '--token-file', '-'], token],
    ] as const) {
      expect(await by([...argv], input)).toMatchObject({ code: 0, err: '' });
    }
    for (const [argv, input, code, said] of [
      [['post', 'moon', 'One.', '--token-file', join(folder, 'none')], '', 1, 'none: ENOENT'],
      [['post', 'moon', 'One.', '--token-file', '-'], '\n', 2, 'The standard input is empty.'],
      [['post', 'moon', '-', '--token-file', '-'], token, 2, 'not both'],
      [['correct', 'moon', 'latest', '--body', '-', '--token-file', '-'], token, 2, 'not both'],
      [['post', 'moon', 'One.', '--token', token, '--token-file', file], '', 2, 'cannot be used with'],
    ] as const) {
      const refused = await by([...argv], input);
      expect([argv, refused.code, refused.err]).toEqual([argv, code, expect.stringContaining(said)]);
      expect(refused.err).not.toContain(token);
    }
  });

  it('works on the command line with one warning', async () => {
    await using server = await startTestServer();
    const token = await server.token();
    const listArgv = ['channel', 'list', '--url', server.url, '--token', token];
    const visible = run(listArgv, {});
    expect([await visible.code, visible.err]).toEqual([
      0,
      expect.stringMatching(/^pressbox: Other users of this machine can see .+\n$/),
    ]);
    const json = run([...listArgv, '--json'], {});
    expect([await json.code, JSON.parse(json.err)]).toEqual([0, { warning: expect.stringContaining('--token-file') }]);
    const inspected = run(['token', 'inspect', token], {});
    expect([await inspected.code, inspected.err]).toEqual([0, expect.stringContaining('standard input')]);
    const read = run(['token', 'inspect', '-'], {}, { input: token });
    expect([await read.code, read.err, read.out]).toEqual([0, '', inspected.out]);
  });
});

describe('pressbox token inspect', () => {
  it('prints the id, the owner, the rights and the expiry of a token', async () => {
    const made = await done(['token', '--name', 'Ruth Calder', '--editor', 'moon-*', '--ttl', '30m']);
    const [, jti] = /: (\S+)\n$/.exec(made.err) ?? [];
    const inspected = await done(['token', 'inspect', '--json'], { PRESSBOX_TOKEN: made.out.trim() });
    const facts = JSON.parse(inspected.out);
    expect(facts).toMatchObject({ jti, sub: 'Ruth Calder', name: 'Ruth Calder', rights: { editor: ['moon-*'] } });
    expect(Date.parse(facts.expiresAt) - Date.parse(facts.issuedAt)).toBe(30 * 60_000);
    const shown = await done(['token', 'inspect', made.out.trim()]);
    expect(shown.out).toContain(`jti        ${jti}\n`);
    expect(shown.out).toContain('rights     {"editor":["moon-*"]}\n');
    expect(shown.out).not.toContain('expired');
  });

  it('says when a token has expired', async () => {
    const token = await test.token({ editor: ['*'] }, { ttlSeconds: -60 });
    expect((await done(['token', 'inspect', token])).out).toMatch(/^expiresAt {2}\S+Z, expired$/m);
    expect(Date.parse(JSON.parse((await done(['token', 'inspect', token, '--json'])).out).expiresAt)).toBeLessThan(Date.now());
  });

  it('is wrong usage without a token', async () => {
    expect((await done(['token', 'inspect'])).code).toBe(2);
    expect((await done(['token', 'inspect', 'no token'])).code).toBe(2);
  });

  it('names the argument or variable that is not a token', async () => {
    expect((await done(['token', 'inspect'])).err).toContain('A token is needed');
    expect((await done(['token', 'inspect', 'eyJhbGci.cut'])).err).toContain('The argument is not a complete token');
    expect((await done(['token', 'inspect'], { PRESSBOX_TOKEN: 'Ruth' })).err).toContain(
      'PRESSBOX_TOKEN is not a complete token',
    );
  });
});

describe('pressbox token revoke', () => {
  it('reads what is piped to it if there is no argument, as inspect does', async () => {
    const token = (await done(['token', '--name', 'Ruth'])).out.trim();
    const admin = { PRESSBOX_TOKEN: await test.token({ admin: true }) };
    const inspected = JSON.parse((await done(['token', 'inspect', '--json'], {}, token)).out);
    const revoked = await done(['token', 'revoke', '--json'], admin, token);
    expect(JSON.parse(revoked.out)).toMatchObject({ jti: inspected.jti });
    expect(revoked.err).not.toContain('can see');
    expect((await done(['token', 'revoke'], admin, '')).code).toBe(2);
  });

  it('makes the server refuse a token, given by its id or in full', async () => {
    const admin = await test.token({ admin: true });
    const list = async (token: string) => (await call(`${test.url}/v1/channels`, { token })).status;
    for (const named of ['jti', 'token']) {
      const made = await done(['token', '--name', 'Ada', '--editor', '*']);
      const [token, jti] = [made.out.trim(), /: (\S+)\n$/.exec(made.err)?.[1] ?? ''];
      expect(await list(token)).toBe(200);
      const visible =
        named === 'jti' ? '' : expect.stringContaining('Other users of this machine can see the value of the argument.');
      const revoked = await done(['token', 'revoke', named === 'jti' ? jti : token], { PRESSBOX_TOKEN: admin });
      expect([revoked.code, revoked.err]).toEqual([0, visible]);
      expect(revoked.out).toBe(`Revoked ${jti}. Its sessions end within 5 seconds on every server.\n`);
      expect(await list(token)).toBe(401);
    }
    expect(await list(admin)).toBe(200);
  });

  it('prints how long it is remembered: an hour longer than the token, else forever', async () => {
    const admin = { PRESSBOX_TOKEN: await test.token({ admin: true }) };
    const token = await test.token({}, { ttlSeconds: 600 });
    const { expiresAt } = JSON.parse((await done(['token', 'inspect', token, '--json'])).out);
    const given = JSON.parse((await done(['token', 'revoke', token, '--json'], admin)).out);
    expect(Date.parse(given.until)).toBe(Date.parse(expiresAt) + 3_600_000);
    const named = await done(['token', 'revoke', 'some-id', '--json'], admin);
    expect(JSON.parse(named.out)).toEqual({ jti: 'some-id', until: null });
  });

  it('accepts a token whose expiry exceeds any date, as when it was given in milliseconds', async () => {
    const admin = { PRESSBOX_TOKEN: await test.token({ admin: true }) };
    for (const years of [10_000, 60_000, 1_000_000]) {
      const token = await test.token({}, { ttlSeconds: years * 31_557_600 });
      const revoked = await done(['token', 'revoke', '-', '--json'], admin, token);
      expect([years, revoked.code, revoked.err]).toEqual([years, 0, '']);
      expect(JSON.parse(revoked.out)).toMatchObject({ until: null });
      expect((await call(`${test.url}/v1/channels`, { token })).status).toBe(401);
    }
  });

  it('says what is missing: admin rights, or a server', async () => {
    const editor = await done(['token', 'revoke', 'some-id'], { PRESSBOX_TOKEN: await test.token() });
    expect([editor.code, editor.err]).toEqual([1, expect.stringContaining('requires a token with admin rights')]);
    const nowhere = await done(['token', 'revoke', 'some-id', '--url', 'http://127.0.0.1:9', '--timeout', '0.1', '--token', 'x']);
    expect([nowhere.code, nowhere.err]).toEqual([1, expect.stringContaining('could not be reached')]);
    expect((await done(['token', 'revoke', '--help'])).out).toContain('change the secret');
  });
});

describe('pressbox token --link', () => {
  const make = (...argv: string[]) => done(['token', '--name', 'Ruth Calder', '--editor', 'moon-*', '--link', ...argv]);
  const codeOf = (printed: string) => /#(\S+)\n$/.exec(printed)?.[1] ?? '';

  it('prints only an address, which opens one session of 12 hours, and its id on standard error', async () => {
    const { code, out, err } = await make();
    expect([code, err]).toEqual([
      0,
      expect.stringMatching(/^It signs in one browser, until \S+Z\. Its id, for `pressbox token revoke`: \S+\n$/),
    ]);
    expect(out).toMatch(/^http:\/\/\S+\/desk\/sign-in#[\w.-]+\n$/);
    expect(out).toContain(`${test.url}/desk/sign-in#`);
    const opened = await signInBy(codeOf(out), test);
    expect(opened.body).toMatchObject({ session: { sub: 'Ruth Calder', rights: { editor: ['moon-*'] } } });
    expect(opened.headers.get('set-cookie')).toMatch(/Max-Age=432(?:00|\d\d);/);
    expect((await signInBy(codeOf(out), test)).body).toMatchObject({ code: 'link-used' });
  });

  it('takes the address from --public-url, then from PRESSBOX_PUBLIC_URL, then from the settings of the server', async () => {
    const argv = ['token', '--name', 'Ruth', '--editor', 'moon', '--link'];
    const publicUrl = { PRESSBOX_PUBLIC_URL: 'https://live.example.org' };
    expect((await done([...argv, '--public-url', 'https://desk.example.org/'], publicUrl)).out).toMatch(
      /^https:\/\/desk\.example\.org\/desk\/sign-in#/,
    );
    expect((await done(argv, publicUrl)).out).toMatch(/^https:\/\/live\.example\.org\/desk\/sign-in#/);
    expect((await done(argv, { PRESSBOX_URL: '', PRESSBOX_PORT: '4321' })).out).toMatch(
      /^http:\/\/127\.0\.0\.1:4321\/desk\/sign-in#/,
    );
  });

  it('keeps the base path of the server, in whichever way the address is given', async () => {
    const argv = ['token', '--name', 'Ruth', '--editor', 'moon', '--link'];
    const below = 'https://www.example.org/news/live';
    const outs = await Promise.all([
      done([...argv, '--public-url', `${below}/`]),
      done(argv, { PRESSBOX_PUBLIC_URL: 'https://www.example.org', PRESSBOX_BASE_PATH: '/news/live' }),
      done(argv, { PRESSBOX_URL: below }),
    ]);
    for (const { out } of outs) expect(out).toMatch(/^https:\/\/www\.example\.org\/news\/live\/desk\/sign-in#/);
  });

  it('takes how long the link can be used, and how long the session lasts', async () => {
    const { out } = await make('2h', '--ttl', '30m');
    const shown = await done(['token', 'inspect', '-', '--json'], {}, out);
    const facts = JSON.parse(shown.out) as { issuedAt: string; expiresAt: string };
    expect(Date.parse(facts.expiresAt) - Date.parse(facts.issuedAt)).toBe(2 * 3_600_000);
    expect(facts).toMatchObject({ sessionSeconds: 1_800, rights: { editor: ['moon-*'] } });
    expect((await signInBy(codeOf(out), test)).headers.get('set-cookie')).toContain('Max-Age=1800;');
  });

  it('refuses times that the server would not keep, and rights that do not fit into a session', async () => {
    const long = Array.from({ length: 60 }, (_, at) => ['--author', `${'c'.repeat(90)}${at}`]).flat();
    for (const [option, ...argv] of [
      ['--link', '25h'],
      ['--ttl', '15m', '--ttl', '13h'],
      ['--author', '15m', ...long],
    ]) {
      const { code, out, err } = await make(...argv);
      expect([option, code, out, err]).toEqual([option, 2, '', expect.stringContaining(option as string)]);
    }
  });

  it('is refused with a sentence if only tokens of an issuer are accepted', async () => {
    const argv = ['token', '--name', 'Ruth', '--editor', 'moon', '--link'];
    const { code, out, err } = await done(argv, { PRESSBOX_JWT_SECRET: '', PRESSBOX_JWKS_URL: 'https://id.example.org/keys' });
    expect([code, out, err]).toEqual([1, '', expect.stringContaining('so no sign-in link can be made here')]);
  });

  it('makes a link that `token revoke` takes by its address, for as long as a session of it can last', async () => {
    const { out } = await make();
    const admin = await test.token({ admin: true });
    const revoked = await done(['token', 'revoke', '-', '--json'], { PRESSBOX_TOKEN: admin }, out);
    const { until } = JSON.parse(revoked.out) as { until: string };
    expect(Date.parse(until) - Date.now()).toBeGreaterThan(12 * 3_600_000);
    expect((await signInBy(codeOf(out), test)).body).toMatchObject({ code: 'token-invalid' });
  });
});
