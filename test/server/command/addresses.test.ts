import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createChannel } from '../../support/authors/writers.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { run } from '../../support/servers/command.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { startServerProcess } from '../../support/servers/process.ts';

/** What answers at an address that is not a Pressbox server. */
type Answer = (response: ServerResponse) => unknown;
const others: [name: string, answer: Answer, came: string][] = [
  ['a page', (to) => to.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<p>Hello</p>'), '200 OK, text/html'],
  ['nothing', (to) => to.writeHead(404).end(), '404 Not Found, without a content type'],
  [
    'an error in another format',
    (to) => to.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"no"}'),
    '401 Unauthorized, application/json',
  ],
];
const json: typeof others = [
  [
    'JSON for every request',
    (to) => to.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
    '200 OK, application/json',
  ],
];
/** Two attempts to reach a server may be half a minute apart. */
const patient = { timeout: 60_000 };

/** Listens until the test ends. */
async function listening(server: Server): Promise<string> {
  onTestFinished(async () => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const answering = (answer: Answer) => listening(createHttpServer((_request, response) => void answer(response)));

async function done(argv: readonly string[], options: Parameters<typeof run>[2] = {}, env: Record<string, string> = {}) {
  const running = run([...argv], env, options);
  const code = await running.code;
  return { code, out: running.out, err: running.err };
}

describe('every command that sends requests to a server', () => {
  const commands: string[][] = [
    ['channel', 'list'],
    ['channel', 'create', 'Moon'],
    ['channel', 'update', 'moon', '--state', 'live'],
    ['channel', 'end', 'moon'],
    ['channel', 'delete', 'moon', '--yes'],
    ['post', 'moon', 'One.'],
    ['correct', 'moon', 'latest', '--note', 'Wrong.', 'Two.'],
    ['retract', 'moon', 'latest', '--note', 'Wrong.'],
    ['takedown', 'moon', 'latest'],
    ['pin', 'moon', 'latest'],
    ['pin', 'moon', '--none'],
    ['token', 'revoke', 'abc'],
    ['export', 'moon'],
    ['import', '-'],
    ['verify'],
    ['verify', 'moon'],
    ['follow', 'moon'],
    ['conformance', '--token', 'moon'],
  ];
  const input = '{}\n';

  it.each([...others, ...json])('reports that the server is not Pressbox if the answer has %s', async (_what, answer) => {
    const url = await answering(answer);
    for (const argv of commands) {
      const { code, out, err } = await done(argv, { input }, { PRESSBOX_URL: url });
      expect([argv, code, out, err]).toEqual([
        argv,
        1,
        '',
        expect.stringMatching(/^pressbox: The server at this address is not Pressbox\b/m),
      ]);
    }
  });

  it('reports redirects, for example from http to https, without sending the token, and does not write', async () => {
    await using server = await startServerProcess();
    const token = await server.token({ editor: ['*'] });
    const { id } = await createChannel(server, token);
    for (const status of [301, 308]) {
      const http = createHttpServer(({ url }, response) => response.writeHead(status, { location: server.url + url }).end());
      const url = await listening(http);
      const { code, out, err } = await done(['post', id, 'One.', '--url', url, '--token', token]);
      expect([status, code, out]).toEqual([status, 1, '']);
      expect(err).toContain(`POST ${url}/v1/channels/${id}/posts led to ${server.url}/v1/channels/${id}/posts`);
      expect(err).toContain('--url');
      expect(err).not.toContain('--key');
      const read = await done(['export', id, '--url', url, '--token', token]);
      expect([status, read.code, read.out]).toEqual([status, 1, '']);
      expect(read.err).toContain(`GET ${url}/v1/channels/${id}/export led to ${server.url}/v1/channels/${id}/export`);
      expect((await done(['channel', 'list', '--url', url, '--token', token])).code).toBe(0);
    }
    const { posts } = (await (await fetch(`${server.url}/v1/channels/${id}/posts`)).json()) as { posts: unknown[] };
    expect(posts).toEqual([]);
  });

  it('rejects an address with a password, and does not print it', async () => {
    const url = 'http://guest:secret@127.0.0.1:4';
    for (const argv of commands) {
      for (const said of [
        await done(argv, { input }, { PRESSBOX_URL: url }),
        await done(argv[0] === 'conformance' ? [...argv, url] : [...argv, '--url', url], { input }),
      ]) {
        expect([argv, said.code, said.out, said.err]).toEqual([
          argv,
          2,
          '',
          expect.stringContaining('must not contain a user name or password'),
        ]);
        expect(said.err).not.toContain('secret');
      }
    }
  });

  it('rejects an invalid token, and does not print it', async () => {
    for (const argv of commands) {
      const { code, out, err } = await done(
        [...argv, '--token', 'se\u0441ret'],
        { input },
        { PRESSBOX_URL: 'http://127.0.0.1:4' },
      );
      expect([argv, code, out, err]).toEqual([argv, 2, '', expect.stringContaining('PRESSBOX_TOKEN')]);
      expect(err).not.toContain('ret)');
    }
  });

  it('says what it retries, and why, if nothing listens', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const folder = await mkdtemp(join(tmpdir(), 'pressbox-export-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    for (const argv of [
      ['verify', 'moon'],
      ['import', '-'],
      ['channel', 'list'],
      ['export', 'moon', '--output', join(folder, 'moon')],
    ]) {
      const running = run([...argv, '--url', url], {}, { input });
      await vi.waitFor(
        () =>
          expect(running.err).toMatch(
            /^The server could not be reached: (?:GET|POST) .+: connect ECONNREFUSED .+\. Trying again \.\.\.\n/,
          ),
        patient,
      );
      running.interrupt();
      expect(await running.code).toBe(1);
    }
  });

  it('gives up after ten seconds without a connection, and says that nothing was sent', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const began = performance.now();
    await Promise.all(
      [
        ['channel', 'create', 'Moon'],
        ['verify', 'moon'],
        ['import', '-'],
      ].map(async (argv) => {
        const { code, err } = await done([...argv, '--url', url], { input });
        const tookMs = performance.now() - began;
        expect([argv, code, err]).toEqual([argv, 1, expect.stringContaining('Nothing was sent.')]);
        expect(err).not.toContain('The outcome is unknown');
        // With a margin of ten seconds for a busy machine. Without the limit it would take a minute.
        expect(tookMs).toBeGreaterThan(9_900);
        expect(tookMs).toBeLessThan(20_000);
      }),
    );
  });

  it('says how to continue a write only if it was begun', async () => {
    const url = await listening(createServer((socket) => void socket.on('error', () => {}).resume()));
    for (const [argv, isBegun] of [
      [['channel', 'create', 'Moon'], true],
      [['pin', 'moon', '--none'], false],
      [['pin', 'moon', 'latest'], false],
      [['retract', 'moon', 'latest', '--note', 'Wrong.'], false],
      [['takedown', 'moon', 'latest'], false],
      [['correct', 'moon', 'latest', '--note', 'Wrong.', 'Two.'], false],
    ] as const) {
      const { code, err } = await done([...argv, '--url', url, '--timeout', '0.1']);
      expect([argv, code, err.includes('The outcome is unknown')]).toEqual([argv, 1, isBegun]);
    }
  });
});

describe('pressbox follow', () => {
  it.for([...others, ...json])('ends if the answer has %s, and prints the answer', async ([, answer, came]) => {
    const url = await answering(answer);
    const { code, out, err } = await done(['follow', 'moon', '--url', url]);
    const [first, ...more] = err.trimEnd().split('\n');
    expect([code, out, more]).toEqual([1, '', [expect.stringContaining('PRESSBOX_URL')]]);
    expect(first).toMatch(/^pressbox: The server at this address is not Pressbox: GET /);
    expect(first).toContain(` ${url}/v1/channels/moon/`);
    expect(first).toMatch(new RegExp(` came back with ${came}\\.$`));
    const json = await done(['follow', 'moon', '--url', url, '--json']);
    expect([json.code, JSON.parse(json.err)]).toEqual([1, { error: expect.stringContaining(came) }]);
  });

  it('ends if the server speaks another protocol than the address names', async () => {
    const page = await answering((to) => to.end());
    const greeting = await listening(createServer((socket) => void socket.on('error', () => {}).write('SSH-2.0-OpenSSH\r\n')));
    for (const [url, came] of [
      [page.replace('http:', 'https:'), 'begins with http://'],
      [greeting, 'without HTTP'],
    ] as const) {
      const { code, err } = await done(['follow', 'moon', '--url', url]);
      expect([code, err]).toEqual([1, expect.stringContaining('is not Pressbox: GET')]);
      expect(err).toContain(came);
    }
  });

  describeWith(needs.openssl, 'with a self-signed certificate', (openssl) => {
    it('ends if the server speaks TLS and the address says http, and continues if the certificate is unknown', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'pressbox-tls-'));
      onTestFinished(() => rm(folder, { recursive: true, force: true }));
      const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
      const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
      await promisify(execFile)(openssl, [...made, '-subj', '/CN=localhost', '-keyout', key, '-out', cert]);
      const url = await listening(createHttpsServer({ key: readFileSync(key), cert: readFileSync(cert) }));
      const { code, err } = await done(['follow', 'moon', '--url', url]);
      expect([code, err]).toEqual([1, expect.stringContaining('begins with https://')]);
      const unknown = run(['follow', 'moon', '--url', url.replace('http:', 'https:')], {});
      await vi.waitFor(() => expect(unknown.err).toContain('self-signed certificate'), patient);
      unknown.interrupt();
      expect(await unknown.code).toBe(0);
    });
  });

  it('keeps trying while a proxy has no server, prints each answer once, and goes live later', async () => {
    await using server = await startServerProcess();
    const { id } = await createChannel(server, await server.token());
    await server.stop();
    let [status, answered] = [502, 0];
    const answer: Answer = (to) => {
      answered += 1;
      to.writeHead(status, { 'content-type': 'text/html', connection: 'close' }).end('<p>Later</p>');
    };
    const proxy = createHttpServer((_request, response) => void answer(response));
    const begin = () => proxy.listen(Number(new URL(server.url).port), '127.0.0.1');
    const end = async () => {
      await new Promise((resolve) => proxy.close(resolve));
      await server.start();
    };
    begin();
    const running = run(['follow', id], { PRESSBOX_URL: server.url });
    onTestFinished(() => running.interrupt());
    // The first round tries two transports. Later rounds come after growing pauses.
    await vi.waitFor(() => expect([answered > 1, running.err]).toEqual([true, expect.stringContaining('502')]), patient);
    status = 503;
    await vi.waitFor(() => expect(running.err).toContain('503'), patient);
    await end();
    await vi.waitFor(() => expect(running.err).toMatch(/\nLive\.\n$/), patient);
    expect(
      running.err.match(/(?<=^ {2}Something in front of the server answered: GET .+ came back with ).+(?=, text\/html\.$)/gm),
    ).toEqual(['502 Bad Gateway', '503 Service Unavailable']);
    // A server that was Pressbox before will return, so a maintenance page does not end the command.
    await server.stop();
    status = 200;
    begin();
    await vi.waitFor(() => expect(running.err).toContain('came back with 200 OK, text/html.'), patient);
    await end();
    await vi.waitFor(() => expect(running.err).toMatch(/\nLive again\.\n$/), patient);
    running.interrupt();
    expect(await running.code).toBe(0);
  });

  it('says what it waits for if a server accepts the connection and does not answer', async () => {
    const url = await listening(createServer((socket) => void socket.on('error', () => {}).resume()));
    const running = run(['follow', 'moon', '--url', url], {});
    await vi.waitFor(
      () =>
        expect(running.err.split('\n')).toEqual([
          `There is no connection to ${url} yet. Trying again ...`,
          expect.stringMatching(
            /^ {2}The server could not be reached: GET \S+\/v1\/channels\/moon\/\S+: no answer within 8 s\.$/,
          ),
          expect.stringContaining('PRESSBOX_URL'),
          '',
        ]),
      patient,
    );
    running.interrupt();
    expect(await running.code).toBe(0);
  });

  it('says that the server asks to retry later', async () => {
    await using server = await startServerProcess({ env: { PRESSBOX_CONNECTIONS_PER_ADDRESS: '1' } });
    const { id } = await createChannel(server, await server.token());
    const first = run(['follow', id], { PRESSBOX_URL: server.url });
    await vi.waitFor(() => expect(first.err).toContain('Live.'), patient);
    const second = run(['follow', id], { PRESSBOX_URL: server.url });
    await vi.waitFor(() => expect(second.err).toContain('asks to retry later'), patient);
    for (const running of [first, second]) running.interrupt();
    expect(await Promise.all([first.code, second.code])).toEqual([0, 0]);
  });
});
