import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Context, createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import type * as Library from '../../client/lib/index.ts';
import { reactNativeWorld } from '../support/readers/react-native.ts';
import { root } from '../support/runner/imports.ts';
import { startTestServer, type TestServer } from '../support/servers/server.ts';

const { folder, env } = inject('installed');
const app = join(folder, 'app');

/** The most bytes of a bundle, compressed. Half of it is Socket.IO's client. */
const wholeMostBytes = 34_400;
/** The most bytes of a bundle with only the timeline, as a server-side renderer or an app's test imports it. */
const timelineMostBytes = 3_000;

const bundle = async (program: string, format: 'esm' | 'iife' = 'esm') => {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: app },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    platform: 'browser',
    format,
    globalName: 'app',
    target: 'es2022',
    logLevel: 'silent',
  });
  const code = outputFiles[0]?.text ?? '';
  return { code, bytes: gzipSync(code).length, inputs: Object.keys(metafile.inputs) };
};

/** Side effects at the top level of these modules are loaded. */
const wholeLibrary = "export * from 'pressbox/client';";

describe('the installed pressbox/client', () => {
  let server: TestServer;
  let token: string;

  beforeAll(async () => {
    await mkdir(app, { recursive: true });
    server = await startTestServer();
    token = await server.token();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('reads and writes in Node', async () => {
    await writeFile(
      join(app, 'program.mjs'),
      `import { AuthorClient, ReaderClient } from 'pressbox/client';
      const [url, token] = process.argv.slice(2);
      const author = new AuthorClient({ url, token });
      await author.createChannel({ id: 'from-node', headline: 'From Node', state: 'live' });
      const reader = new ReaderClient({ url, channelId: 'from-node' });
      reader.on('event', ({ type, post }) => {
        console.log(type, post.headline);
        if (post.revision === 2) reader.close();
      });
      const live = new Promise((resolve) => reader.on('state', ({ status }) => status === 'live' && resolve()));
      reader.open();
      await live;
      const { post } = await author.publish('from-node', { headline: 'Noon' });
      await author.correct('from-node', post.id, post.revision, { note: 'At one.', changes: { headline: 'One' } });
      `,
    );
    const { stdout } = await promisify(execFile)('node', ['program.mjs', server.url, token], { cwd: app, env });
    expect(stdout).toBe('post.published Noon\npost.revised One\n');
  });

  it('has types for Node and browsers that pass the strictest checks', async () => {
    await writeFile(
      join(app, 'typed.mts'),
      `import { AuthorClient, ReaderClient, type Event, type ReaderPost, type ReaderState, type Timeline } from 'pressbox/client';
      import { createServer } from 'node:http';
      import { attach, readConfig, startServer, type RunningServer } from 'pressbox/server';
      const reader = new ReaderClient({ url: 'http://127.0.0.1', channelId: 'a', token: async () => 'fresh' });
      reader.on('timeline', ({ posts }: Timeline) => posts.map((post: ReaderPost): string => post.html));
      reader.on('event', (event: Event, before) => event.type === 'channel.changed' ? event.channel.headline : before?.headline);
      reader.on('state', (state: ReaderState) => (state.status === 'offline' ? state.since : undefined));
      export const written = new AuthorClient({ url: '' }).publish('a', { kind: 'breaking', body: 'b' }).then(({ post }) => post.body);
      export const url: Promise<string> = startServer(readConfig({})).then((server) => server.url);
      export const attached: Promise<RunningServer> = attach(createServer(), { basePath: '/live', config: readConfig({}) });
      // @ts-expect-error The path is missing.
      void attach(createServer(), {});
      const { token, limit } = {} as { token: string | undefined; limit: number | undefined };
      export const given = [new ReaderClient({ url: 'http://127.0.0.1', channelId: 'a', token, limit }), new AuthorClient({ url: '', token })];
      // @ts-expect-error There is no such kind.
      void new AuthorClient({ url: '' }).publish('a', { kind: 'rumour' });
      // @ts-expect-error There is no such event.
      reader.on('news', () => {});
      `,
    );
    const strict = { strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false };
    const types = { typeRoots: [join(root, 'node_modules/@types')], types: ['node'] };
    const common = { ...strict, ...types, noEmit: true, target: 'es2024', lib: ['es2024', 'esnext.disposable'] };
    const kinds = {
      node16: { ...common, module: 'node16', moduleResolution: 'node16' },
      nodenext: { ...common, module: 'nodenext', moduleResolution: 'nodenext' },
      bundler: { ...common, module: 'esnext', moduleResolution: 'bundler', lib: [...common.lib, 'dom'] },
    };
    const complaints = Object.entries(kinds).map(async ([name, compilerOptions]) => {
      const config = join(app, `tsconfig.${name}.json`);
      await writeFile(config, JSON.stringify({ compilerOptions, files: ['typed.mts'] }));
      const tsc = join(root, 'node_modules/typescript/bin/tsc');
      const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', config]).catch((failed) => failed);
      return stdout as string;
    });
    expect(await Promise.all(complaints)).toEqual(['', '', '']);
  });

  it('is small in a bundle, without schemas and other server code', async () => {
    const { bytes, inputs } = await bundle(wholeLibrary);
    console.log(`pressbox/client has ${bytes} bytes, bundled and compressed.`);
    expect(bytes).toBeLessThan(wholeMostBytes);
    expect(inputs.filter((path) => /node_modules\/(?:zod|jose|ws|express|ioredis|commander)\//.test(path))).toEqual([]);
  });

  it('brings no network code if only the timeline is imported', async () => {
    const { code, bytes } = await bundle("export { applyCatchUp, applyEvent, restoreTimeline } from 'pressbox/client';");
    console.log(`Its timeline alone has ${bytes} bytes.`);
    expect(bytes).toBeLessThan(timelineMostBytes);
    expect(code).not.toMatch(/WebSocket|fetch|setTimeout|socket\.io/);
    const author = await bundle("export { AuthorClient } from 'pressbox/client';");
    expect(author.code).not.toMatch(/WebSocket|socket\.io/);
  });

  it('uses no global when it is imported', async () => {
    const { code } = await bundle(wholeLibrary, 'iife');
    const bare = createContext({});
    runInContext(code, bare);
    expect(runInContext('typeof app.ReaderClient + typeof app.AuthorClient', bare)).toBe('functionfunction');
  });

  it('reads and writes in React Native', async () => {
    const { AuthorClient, ReaderClient } = await inApp(reactNativeWorld());
    const author = new AuthorClient({ url: server.url, token });
    await author.createChannel({ id: 'from-an-app', headline: 'From an app', state: 'live' });
    for (let at = 1; at <= 5; at += 1) await author.publish('from-an-app', { headline: `Before ${at}`, keyEvent: true });
    const reader = new ReaderClient({ url: server.url, channelId: 'from-an-app', limit: 2 });
    try {
      reader.open();
      await vi.waitFor(() => expect(reader.state).toMatchObject({ status: 'live', transport: 'socket' }));
      const { post } = await author.publish('from-an-app', { headline: 'Noon' });
      await author.correct('from-an-app', post.id, post.revision, { note: 'At one.', changes: { headline: 'One' } });
      const headlines = () => reader.timeline?.posts.map(({ headline }) => headline);
      await vi.waitFor(() => expect(headlines()).toEqual(['One', 'Before 5', 'Before 4']));
      while (await reader.loadOlder(2)) expect(headlines()?.length).toBeLessThan(10);
      expect(headlines()).toEqual(['One', 'Before 5', 'Before 4', 'Before 3', 'Before 2', 'Before 1']);
      // A refusal keeps its problem document.
      const late = author.revise('from-an-app', post.id, 1, { kind: 'refile', changes: { headline: 'Two' } });
      await expect(late).rejects.toMatchObject({ problem: { code: 'revision-moved' } });
    } finally {
      reader.close();
    }
  });

  it('polls in React Native if WebSockets are blocked, since responses cannot be streamed there', async () => {
    const { AuthorClient, ReaderClient } = await inApp(reactNativeWorld({ blocked: true }));
    const author = new AuthorClient({ url: server.url, token });
    await author.createChannel({ id: 'behind-a-wall', headline: 'Behind a wall', state: 'live' });
    const reader = new ReaderClient({ url: server.url, channelId: 'behind-a-wall' }).open();
    try {
      await vi.waitFor(() => expect(reader.state).toMatchObject({ status: 'live', transport: 'poll' }));
      await author.publish('behind-a-wall', { headline: 'Noon' });
      await vi.waitFor(() => expect(reader.timeline?.posts.map(({ headline }) => headline)).toEqual(['Noon']));
    } finally {
      reader.close();
    }
  });
});

/** The library as an app in this environment loads it. */
async function inApp(world: Context): Promise<typeof Library> {
  const { code } = await bundle(wholeLibrary, 'iife');
  runInContext(code, world);
  return runInContext('app', world) as typeof Library;
}
