import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInContext } from 'node:vm';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import type * as Library from '../../../client/lib/index.ts';
import { ReaderClient } from '../../../client/lib/reader-client.ts';
import { socketMessages } from '../../../src/apidocs/socket-messages.ts';
import type { Channel, ReaderPost } from '../../../src/protocol/model.ts';
import { endedReasons, eventTypes } from '../../../src/protocol/model.ts';
import { type Problem, problem } from '../../../src/protocol/problems.ts';
import * as protocol from '../../../src/protocol/schemas.ts';
import { reactNativeWorld } from '../../support/readers/react-native.ts';
import { type FollowerStart, type HeldByFollower, tellFollower } from '../../support/readers/tell-follower.ts';
import { root } from '../../support/runner/imports.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { blocksOf } from '../../support/samples/markdown-blocks.ts';
import { type Asked, startScriptedServer } from '../../support/servers/scripted-server.ts';
import { startTestServer, type TestServer } from '../../support/servers/server.ts';
import { openShell, type Shell, type Started } from '../../support/servers/shell.ts';

const read = (name: string) => readFile(join(root, 'docs/guides', name), 'utf8');
const page = await read('clients.md');
const pythonPage = await read('clients/python.md');
const curlPage = await read('clients/curl.md');
const names = ['clients/javascript.md', 'clients/react-native.md', 'clients/swift.md', 'clients/kotlin.md', 'publish.md'];
const pages = [page, pythonPage, curlPage, ...(await Promise.all(names.map(read)))].join('\n');

/** The code block whose fence has this info string. */
const block = (mark: string) => new RegExp(`^\`\`\`${mark}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(pages)?.[1] ?? '';

let server: TestServer;
let author: AuthorClient;
beforeAll(async () => {
  server = await startTestServer();
  author = new AuthorClient({ url: server.url, token: await server.token() });
});
afterAll(() => server[Symbol.asyncDispose]());

type Follow = (options: object) => () => void;
type Report = (options: object) => Promise<void>;

/** Imports a code block as a module inside the project, so that it can import packages. */
async function moduleOf<Exported = { follow: Follow }>(code: string): Promise<Exported> {
  // A unique name, because an imported file is cached.
  const file = join(root, 'dist', `docs-clients-${randomUUID()}.mjs`);
  await writeFile(file, code);
  try {
    return (await import(/* @vite-ignore */ file)) as Exported;
  } finally {
    await rm(file);
  }
}

describe('docs/guides/clients/javascript.md: the client with Socket.IO alone', () => {
  it('handles every message of a server as clients.md says', async () => {
    const { follow } = await moduleOf(block('js socket-io'));
    // Makes the random pauses short.
    const chance = vi.spyOn(Math, 'random').mockReturnValue(0.01);
    let stop = () => {};
    const start = ({ url, channelId, kept: saved, token }: FollowerStart) => {
      let held: HeldByFollower | undefined;
      const said: string[] = [];
      const save = (given: HeldByFollower | undefined) => {
        held = given && (JSON.parse(JSON.stringify(given)) as HeldByFollower);
      };
      stop = follow({ url, channelId, token, saved, save, show: () => {}, say: (what: string) => said.push(what) });
      return { kept: () => held, said: () => said };
    };
    try {
      await tellFollower(start, async () => stop());
    } finally {
      stop();
      chance.mockRestore();
    }
  });

  it('stops with the reason if its token is refused', async () => {
    const { follow } = await moduleOf(block('js socket-io'));
    const said: string[] = [];
    const stop = follow({
      url: server.url,
      channelId: 'moon',
      token: () => 'no token',
      save: () => {},
      show: () => {},
      say: (what: string) => said.push(what),
    });
    await vi.waitFor(() => expect(said).toEqual(['The token is invalid, expired or revoked.']));
    stop();
  });

  it('does not reconnect after it was closed, even if a reconnect was pending', async () => {
    const { follow } = await moduleOf(block('js socket-io'));
    await using script = await startScriptedServer();
    const start = (channelId: string, say: (what: string) => void) =>
      follow({ url: script.url, channelId, save: () => {}, show: () => {}, say });
    const chance = vi.spyOn(Math, 'random').mockReturnValue(0.1);
    const sentAway = [
      ({ socket }: Asked) => socket.emit('drain', { withinMs: 1_000 }),
      ({ socket }: Asked) => socket.disconnect(),
      ({ answer }: Asked) => answer({ ok: false, problem: problem('journal-unavailable', { retryAfter: 0.1 }) }),
    ];
    try {
      for (const [at, sendAway] of sentAway.entries()) {
        const said = vi.fn();
        const stop = start(`moon-${at}`, said);
        const asked = await script.subscribe(2 * at + 1);
        sendAway(asked);
        // Messages of one connection arrive in order.
        asked.socket.emit('store', { reachable: true, since: '' });
        await vi.waitFor(() => expect(said).toHaveBeenCalled(), { interval: 5 });
        stop();
        await new Promise((resolve) => setTimeout(resolve, 300));
        const stopLater = start(`later-${at}`, () => {});
        await vi.waitFor(() => expect(script.subscribes.at(-1)?.request.channelId).toBe(`later-${at}`));
        stopLater();
        expect(script.subscribes.filter(({ request }) => request.channelId === `moon-${at}`)).toHaveLength(1);
      }
    } finally {
      chance.mockRestore();
    }
  });
});

describe('docs/guides/clients/javascript.md: a page that is rendered on a server', () => {
  type ForPage = (options: { url: string; channelId: string }) => Promise<Library.Timeline & { saved: string }>;

  it('continues in the browser, and shows every later change once', async () => {
    const { forPage } = await moduleOf<{ forPage: ForPage }>(block('js server-side'));
    const { id: channelId } = (await author.createChannel({ headline: 'To the Moon', state: 'live' })).channel;
    const { post } = await author.publish(channelId, { headline: '</script><b>Down', body: 'It is **down**.' });
    const { posts, channel, saved } = await forPage({ url: server.url, channelId });
    expect([channel.headline, posts.map(({ html }) => html)]).toEqual(['To the Moon', ['<p>It is <strong>down</strong>.</p>\n']]);
    expect(saved).not.toContain('<');
    await author.correct(channelId, post.id, 1, { note: 'It is up.', changes: { body: 'It is up.' } });
    const { post: second } = await author.publish(channelId, { body: 'Two.' });
    const reader = new ReaderClient({ url: server.url, channelId, ...JSON.parse(saved) });
    const heard: unknown[] = [];
    reader.on('event', (event, before) => heard.push([event.type, before?.html]));
    try {
      reader.open();
      await vi.waitFor(() => expect(reader.timeline?.posts.map(({ id }) => id)).toEqual([second.id, post.id]));
      expect(heard).toEqual([
        ['post.revised', posts[0]!.html],
        ['post.published', undefined],
      ]);
    } finally {
      reader.close();
    }
  });

  it('throws if the channel cannot be read', async () => {
    const { forPage } = await moduleOf<{ forPage: ForPage }>(block('js server-side'));
    await expect(forPage({ url: server.url, channelId: 'nothing' })).rejects.toThrow('Not found.');
  });
});

describe('docs/guides/clients/react-native.md', () => {
  it('shows the saved posts at the next start, catches up, and checks its connection in the foreground', async () => {
    const modules = {
      'react-native': 'export const AppState = native.AppState;',
      '@react-native-async-storage/async-storage': 'export default native.AsyncStorage;',
    };
    const { outputFiles } = await build({
      stdin: { contents: `${block('js react-native')}\nexport { ReaderClient };`, resolveDir: root },
      bundle: true,
      write: false,
      format: 'iife',
      globalName: 'app',
      platform: 'browser',
      target: 'es2022',
      plugins: [
        {
          name: 'native modules',
          setup({ onResolve, onLoad }) {
            onResolve({ filter: /^(?:react-native|@react-native-async-storage\/async-storage)$/ }, ({ path }) => ({
              path,
              namespace: 'native',
            }));
            onLoad({ filter: /.*/, namespace: 'native' }, ({ path }) => ({ contents: modules[path as keyof typeof modules] }));
          },
        },
      ],
    });
    const stored = new Map<string, string>();
    const listeners = new Set<(state: string) => void>();
    const native = {
      AsyncStorage: {
        getItem: async (key: string) => stored.get(key) ?? null,
        setItem: async (key: string, value: string) => void stored.set(key, value),
        removeItem: async (key: string) => void stored.delete(key),
      },
      AppState: {
        addEventListener(_name: 'change', listener: (state: string) => void) {
          listeners.add(listener);
          return { remove: () => listeners.delete(listener) };
        },
      },
    };
    /** Starts the app again. */
    const start = () => {
      const world = Object.assign(reactNativeWorld(), { native });
      runInContext(outputFiles[0]?.text ?? '', world);
      return runInContext('app', world) as { follow: Follow; ReaderClient: typeof Library.ReaderClient };
    };
    const { channel } = await author.createChannel({ id: 'in-an-app', headline: 'In an app', state: 'live' });
    const { post } = await author.publish(channel.id, { headline: 'At noon' });
    let shown: (string | null)[] = [];
    const said: unknown[] = [];
    const options = {
      url: server.url,
      channelId: channel.id,
      show: (_channel: Channel, posts: ReaderPost[]) => {
        shown = posts.map(({ headline }) => headline);
      },
      say: (...words: unknown[]) => said.push(words),
    };
    const first = start();
    const stop = first.follow(options);
    await vi.waitFor(() => expect([shown, said.at(-1)]).toEqual([['At noon'], ['live', 'socket']]));
    const woken = vi.spyOn(first.ReaderClient.prototype, 'wake');
    for (const state of ['background', 'active']) for (const listener of listeners) listener(state);
    expect(woken).toHaveBeenCalledTimes(1);
    stop();
    expect(listeners.size).toBe(0);
    await vi.waitFor(() => expect(stored.size).toBe(1));

    await author.correct(channel.id, post.id, 1, { note: 'It was at one.', changes: { headline: 'At one' } });
    const seen: string[] = [];
    const again = start().follow({
      ...options,
      show: (_channel: Channel, posts: ReaderPost[]) => seen.push(posts.map(({ headline }) => headline).join()),
    });
    await vi.waitFor(() => expect(seen).toEqual(['At noon', 'At one']));
    again();
  });
});

describe('docs/guides/clients/nodejs.md and clients/eventsource.md: the programs', () => {
  const channelId = 'programs-for-node';
  let shell: Shell;
  beforeAll(async () => {
    shell = openShell(root, { PATH: process.env.PATH });
    await author.createChannel({ id: channelId, headline: 'To the Moon', state: 'live' });
    await author.publish(channelId, { headline: 'Landed' });
  });
  afterAll(() => shell[Symbol.asyncDispose]());

  /** Saves a program in the project's folder, where `pressbox/client` is this project's, and starts it. */
  async function start(page: string, channel: string, flags = ''): Promise<{ run: Started } & AsyncDisposable> {
    const [program = ''] = blocksOf(await read(page), '# Follow');
    const file = join(root, 'dist', `docs-program-${randomUUID()}.mjs`);
    await writeFile(file, program.replace('http://127.0.0.1:4000', server.url).replace('moon-landing', channel));
    const run = shell.start(`exec "${process.execPath}" --no-warnings ${flags} "${file}"`);
    return {
      run,
      async [Symbol.asyncDispose]() {
        run.kill();
        await rm(file);
      },
    };
  }

  it('follow a channel with ReaderClient', async () => {
    await using program = await start('clients/nodejs.md', channelId);
    await vi.waitFor(() => expect(program.run.out).toMatch(/^\d+ posts, the newest: [\s\S]*^live$/m));
    await author.publish(channelId, { headline: 'A step' });
    await vi.waitFor(() => expect(program.run.out).toContain('post.published at '));
  });

  it('end with the reason if the channel does not exist', async () => {
    await using program = await start('clients/nodejs.md', 'mars-landing');
    expect(await program.run.ended).toBe(1);
    const { detail, title } = (await (await fetch(`${server.url}/v1/channels/mars-landing`)).json()) as Problem;
    await vi.waitFor(() => expect(program.run.err).toBe(`refused: ${detail ?? title}\n`));
    expect(program.run.out).not.toContain('ended');
  });

  it('follow a channel with an EventSource, for every type of event', async () => {
    const [text = ''] = blocksOf(await read('clients/eventsource.md'), '# Follow');
    expect(eventTypes.filter((type) => !text.includes(`'${type}'`))).toEqual([]);
    await using program = await start('clients/eventsource.md', channelId, '--experimental-eventsource');
    await vi.waitFor(() => expect(program.run.out).toMatch(/^caught up: \d+ of snapshot$/m));
    await author.publish(channelId, { headline: 'One for the stream' });
    await vi.waitFor(() => expect(program.run.out).toContain('post.published at '));
  });
});

describeWith(needs.curl, 'docs/guides/clients/curl.md', () => {
  let folder: string;
  let shell: Shell;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pressbox-docs-'));
    shell = openShell(root, { PATH: process.env.PATH, PRESSBOX_TOKEN: await server.token({ editor: [], reader: ['*'] }) });
    await author.createChannel({ id: 'moon-landing', headline: 'To the Moon', state: 'live', access: 'members' });
    await author.publish('moon-landing', { headline: 'Landed' });
  });
  afterAll(async () => {
    await shell[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });
  const here = (lines: string) => lines.replaceAll('http://127.0.0.1:4000', server.url);
  const open = () => author.updateChannel('moon-landing', '*', { access: 'public' });

  it("reads a members' channel with a token, and a public channel without", async () => {
    expect(JSON.parse(await shell.run(here(block('sh members'))))).toMatchObject({ posts: [{ headline: 'Landed' }] });
    await open();
  });

  it('follows the stream, reconnects with the last id, and polls from the same cursor', async () => {
    const stream = shell.start(here(block('sh sse')));
    await vi.waitFor(() => expect(stream.out).toMatch(/^event: catchup\ndata: .*"mode":"snapshot".*\n\n/m));
    stream.kill();
    shell.env.CURSOR = /^id: (.+)$/m.exec(stream.out)?.[1];
    await author.publish('moon-landing', { headline: 'A step' });
    const again = shell.start(here(block('sh sse-again')));
    await vi.waitFor(() => expect(again.out).toMatch(/^event: catchup\ndata: .*"mode":"replay".*"A step".*\n\n/m));
    expect(again.out).not.toContain('Landed');
    again.kill();
    expect(JSON.parse(await shell.run(here(block('sh polling'))))).toMatchObject({
      mode: 'replay',
      events: [{ type: 'post.published', post: { headline: 'A step' } }],
      cursor: expect.not.stringContaining(String(shell.env.CURSOR)),
    });
  });

  it('has an example that starts as shown, like python.md', async () => {
    const [python = '', follow = ''] = [...`${pythonPage}\n${curlPage}`.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, lines]) =>
      here(lines ?? '').trim(),
    );
    expect([python, follow].map((line) => line.split(' ').find((word) => word.includes('examples/')))).toEqual([
      'examples/reader.py',
      'examples/follow.sh',
    ]);
    const kept = (line: string) => line.replace(/moon-landing\.(?=json|cursor)/, `${folder}/moon-landing.`);
    const follower = shell.start(kept(follow));
    await vi.waitFor(() => expect(follower.out).toMatch(/^catchup\t.*Landed/));
    follower.kill();
  });
});

describeWith(needs.pythonSocketIo, 'docs/guides/clients/python.md', (python) => {
  it('starts as shown, and has the functions that the page names', async () => {
    const [, line = ''] = /^```sh\n(.*)\n```$/m.exec(pythonPage) ?? [];
    await using shell = openShell(root, { PATH: process.env.PATH });
    const { channel } = await author.createChannel({ headline: 'In Python', state: 'live' });
    const { post } = await author.publish(channel.id, { headline: 'At noon' });
    await author.correct(channel.id, post.id, 1, { note: 'It was at one.', changes: { headline: 'At one' } });
    const change = { kind: 'correction', note: 'It is the third.' } as const;
    await author.updateChannel(channel.id, '*', { headline: 'In Python 3', change });
    const run = shell.start(
      line
        .replace('python3', python)
        .replace('http://127.0.0.1:4000', server.url)
        .replace('moon-landing', channel.id)
        .replace(/ --state \S+/, ''),
    );
    await vi.waitFor(() => expect(run.out).toContain('At one'));
    run.kill();
    // A new reader sees earlier corrections too.
    for (const why of ['It was at one.', 'It is the third.']) expect(run.out).toContain(`CORRECTION ${why}`);
    const source = await readFile(join(root, 'examples/reader.py'), 'utf8');
    const named = [...pythonPage.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, names]) => names?.match(/\w+/g) ?? []);
    expect(named.length).toBeGreaterThan(8);
    expect(named.filter((name) => !source.includes(`def ${name}(`))).toEqual([]);
  });
});

describe('docs/guides/clients.md: the names of the wire', () => {
  /** Every name and constant in the schemas of the socket, and the names of its messages. */
  const known = new Set<unknown>(socketMessages.map(({ name }) => name));
  const { subscribeSchema, subscribedReplaySchema, subscribedSnapshotSchema, refusedAnswerSchema } = protocol;
  for (const schema of [
    subscribeSchema,
    subscribedReplaySchema,
    subscribedSnapshotSchema,
    refusedAnswerSchema,
    protocol.eventSchema,
    protocol.storeSchema,
    protocol.unsubscribedSchema,
    protocol.drainSchema,
  ]) {
    collect(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
  }
  function collect(value: unknown): void {
    if (typeof value !== 'object' || value === null) return;
    const {
      properties = {},
      enum: values = [],
      const: value_,
    } = value as {
      properties?: object;
      enum?: unknown[];
      const?: unknown;
    };
    for (const name of [...Object.keys(properties), ...values, value_]) known.add(name);
    for (const part of Object.values(value)) collect(part);
  }
  /** Names of the saved state, of `auth` and of Socket.IO itself, and the empty text. */
  const own = ['floor', 'token', 'data', 'io server disconnect', ''];
  const isSentence = (text: string) => /^[A-Z].*\.$/.test(text);

  it('are the only names in the code for Swift and Kotlin', () => {
    for (const language of ['swift', 'kotlin']) {
      const code = block(language);
      const texts = [...code.matchAll(/"""([\s\S]*?)"""|"([^"\n]*)"/g)];
      const named = texts.flatMap(([, json, text]) => (json === undefined ? [text] : Object.keys(JSON.parse(json) as object)));
      expect(named.length, language).toBeGreaterThan(60);
      expect([language, named.filter((name = '') => !known.has(name) && !own.includes(name) && !isSentence(name))]).toEqual([
        language,
        [],
      ]);
    }
  });

  it('are all handled in each language', () => {
    const messages = socketMessages.map(({ name }) => name).filter((name) => name !== 'unsubscribe');
    for (const language of ['js socket-io', 'swift', 'kotlin']) {
      const code = block(language);
      for (const name of [...messages, 'channel.changed', 'forbidden', 'gone', 'expired', 'revoked', 'invalid-cursor'])
        expect(code.includes(`'${name}'`) || code.includes(`"${name}"`), `${language}: ${name}`).toBe(true);
      for (const name of ['cursor', 'after', 'reset', 'more', 'covers', 'retryAfter', 'withinMs', 'reachable', 'since'])
        expect(code, language).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });

  it('include every message and reason in the table of what to do', () => {
    const table = page.slice(page.indexOf('## What happens'), page.indexOf('## Where WebSockets'));
    const spoken = [...table.matchAll(/`([a-z][\w.-]+)`/gi)].map(([, name]) => name);
    expect(spoken.filter((name) => !known.has(name) && name !== 'html')).toEqual([]);
    const messages = socketMessages.map(({ name }) => name).filter((name) => name !== 'unsubscribe');
    const withdrawals = eventTypes.filter((type) => /revised|retracted|taken-down/.test(type));
    for (const name of [...messages, ...endedReasons, ...withdrawals]) expect(spoken, name).toContain(name);
  });
});

describe('docs/guides/publish.md', () => {
  it('publishes, corrects, updates the current revision after a conflict, and retracts', async () => {
    const { report } = await moduleOf<{ report: Report }>(block('js author'));
    const { channel } = await author.createChannel({ headline: 'Fire at the harbour' });
    await report({ url: server.url, token: await server.token(), channelId: channel.id });
    const [post] = (await author.listPosts(channel.id)).posts;
    expect(post?.history).toMatchObject([
      { kind: 'correction', note: 'It is pier five.' },
      { kind: 'update' },
      { kind: 'retraction', note: 'It was an exercise.' },
    ]);
    const { revisions } = await author.listRevisions(channel.id, post?.id ?? '');
    expect(revisions.map(({ headline, body }) => [headline, body])).toMatchObject([
      ['Smoke over pier four', 'Nobody was *hurt*.'],
      ['Smoke over pier five', 'Nobody was *hurt*.'],
      ['Smoke over pier five', 'Nobody was *hurt*. The pier is closed.'],
      {},
    ]);
  });
});
