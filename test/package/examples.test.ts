import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { AuthorClient } from '../../client/lib/author-client.ts';
import { startBrowser, type TestBrowser } from '../browser/browser.ts';
import { describeWith, needs } from '../support/runner/needs.ts';
import { startTestServer, type TestServer } from '../support/servers/server.ts';

const { folder, env } = inject('installed');
const home = join(folder, 'node_modules', 'pressbox');

describe('the bot of the examples', () => {
  it('publishes, corrects and withdraws what the wire reports, does nothing twice, and leaves alone what an editor has changed', async () => {
    await using server = await startTestServer();
    const desk = new AuthorClient({ url: server.url, token: await server.token() });
    await desk.createChannel({ id: 'wire', headline: 'Wire', state: 'live' });
    const token = await server.token({ author: ['wire'] }, { sub: 'bot', name: 'Bot' });
    /** One run of the bot over these items. */
    async function bot(...items: (object | string)[]) {
      const child = spawn('node', [join(home, 'examples', 'bot.mjs'), 'wire'], {
        cwd: folder,
        env: { ...env, PRESSBOX_URL: server.url, PRESSBOX_TOKEN: token },
      });
      const said = { out: '', err: '' };
      child.stdout.on('data', (text) => {
        said.out += text;
      });
      child.stderr.on('data', (text) => {
        said.err += text;
      });
      child.stdin.end(items.map((item) => `${typeof item === 'string' ? item : JSON.stringify(item)}\n`).join(''));
      const [code] = await once(child, 'close');
      return { code, ...said };
    }

    const at = '2026-11-24T12:00:00Z';
    const quake = { id: 'quake-81', at, headline: 'Earthquake of 5.1', text: 'No damage was reported.' };
    const drill = { id: 'fire-7', at, headline: 'Fire at the harbour', text: 'Smoke is seen.' };
    expect(await bot(quake, drill, quake)).toEqual({
      code: 0,
      out: 'quake-81: published\nfire-7: published\nquake-81: already published\n',
      err: '',
    });
    const mended = { ...quake, headline: 'Earthquake of 5.4', note: 'It was 5.4, not 5.1.' };
    const withdrawn = { id: 'fire-7', at, withdrawn: 'It was an exercise.' };
    expect(
      await bot(quake, mended, withdrawn, withdrawn, '{"id":', { ...quake, id: 'empty', headline: '', text: '' }),
    ).toMatchObject({
      code: 1,
      out: 'quake-81: already published\nquake-81: corrected\nfire-7: retracted\nfire-7: already withdrawn\n',
      err: expect.stringMatching(/^Not published: .+\nNot published: .+\n$/),
    });
    // A malformed line does not stop the others.
    const none = [
      'null',
      '7',
      '{}',
      { ...quake, id: undefined },
      { ...quake, id: 81 },
      { ...quake, id: '' },
      { ...quake, at: 'noon' },
    ];
    const passed = await bot(...none, { ...quake, id: 'empty', headline: '' }, mended);
    expect(passed).toMatchObject({ code: 1, out: 'quake-81: already published\n' });
    expect(passed.err.trim().split('\n')).toEqual([
      ...none.map(() => 'Not published: An item must have an "id", which is text, and a time "at".'),
      expect.stringContaining('headline: '),
    ]);
    const { posts } = await desk.listPosts('wire');
    expect(posts.map(({ status, headline, history }) => [status, headline, history.at(-1)?.note])).toEqual([
      ['retracted', null, 'It was an exercise.'],
      ['published', 'Earthquake of 5.4', 'It was 5.4, not 5.1.'],
    ]);

    await desk.revise('wire', posts[1]?.id ?? '', '*', { kind: 'refile', changes: { body: 'No damage has been reported.' } });
    expect((await bot(mended)).out).toBe('quake-81: left unchanged, because the newsroom has edited it\n');
  });
});

describeWith(needs.chromium, 'a page on another origin', (chromium) => {
  let browser: TestBrowser;
  let server: TestServer;
  let author: AuthorClient;
  /** What the page's origin serves: text by path. */
  const files = new Map<string, string>();
  const types: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript' };
  const site = createServer((request, response) => {
    const text = files.get(request.url ?? '');
    if (text === undefined) response.writeHead(request.url === '/favicon.ico' ? 204 : 404).end();
    else response.setHeader('content-type', types[extname(request.url ?? '')] ?? 'text/plain').end(text);
  });
  let origin: string;

  async function erase(channelId: string): Promise<void> {
    const authorization = `Bearer ${await server.token({ admin: true })}`;
    await fetch(`${server.url}/v1/channels/${channelId}`, { method: 'DELETE', headers: { authorization } });
  }

  beforeAll(async () => {
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
    browser = await startBrowser(chromium);
    server = await startTestServer({ PRESSBOX_ORIGINS: origin });
    author = new AuthorClient({ url: server.url, token: await server.token() });
  });
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    site.close();
    site.closeAllConnections();
  });

  it('is live with the single browser file of the package, as the examples say', async () => {
    const example = async (name: string) => readFile(join(home, 'examples', 'page', name), 'utf8');
    files.set('/index.html', (await example('index.html')).replace('http://127.0.0.1:4000', server.url));
    files.set('/page.js', await example('page.js'));
    files.set('/pressbox-client.js', await readFile(join(home, 'dist', 'client', 'bundle.js'), 'utf8'));

    await author.createChannel({ id: 'moon-landing', headline: 'The <Moon>', state: 'live' });
    for (let at = 1; at <= 25; at += 1) await author.publish('moon-landing', { body: `Post **${at}**.` });
    const { page, complaints } = await browser.page();
    await page.goto(`${origin}/index.html`);
    await page.locator('#live[data-state="live"]').waitFor();
    expect(await page.locator('h1').textContent()).toBe('The <Moon>');

    const { post } = await author.publish('moon-landing', { headline: 'At <noon>' });
    const item = page.locator(`#post-${post.id}`);
    await item.getByText('At <noon>').waitFor();
    await author.correct('moon-landing', post.id, 1, { note: 'It was at one.', changes: { headline: 'At one' } });
    await item.getByText('It was at one.').waitFor();
    expect(await item.locator('h2').textContent()).toBe('At one');
    // An erased note is not shown.
    await author.revise('moon-landing', post.id, 2, {
      kind: 'correction',
      note: 'No names.',
      changes: { headline: 'At one, they said' },
      eraseEarlier: true,
      eraseNotes: [2],
    });
    await item.getByText('No names.').waitFor();
    expect(await item.textContent()).not.toMatch(/null|It was at one/);
    await author.retract('moon-landing', post.id, { note: 'It was not.' });
    await item.getByText('This post was withdrawn. It was not.').waitFor();
    expect(await item.locator('h2').count()).toBe(0);

    await page.getByRole('button', { name: 'Show older posts' }).click();
    await vi.waitFor(async () => expect(await page.locator('#posts li').count()).toBe(26));
    expect(await page.locator('#posts li strong').first().textContent()).toBe('25');
    await erase('moon-landing');
    await page.locator('#live[data-state="ended"]').waitFor();
    expect(await page.locator('#posts li, button:visible').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('follows a channel with the code of docs/guides/clients/javascript.md, and shows its saved posts at the next visit', async () => {
    const docs = await readFile(join(home, 'docs/guides/clients/javascript.md'), 'utf8');
    const [, code = ''] = /^```js browser\n([\s\S]*?)^```$/m.exec(docs) ?? [];
    files.set('/follow.js', code);
    files.set(
      '/followed.html',
      `<!doctype html><title>Followed</title><script type="importmap">{"imports":{"pressbox/client":"/pressbox-client.js"}}</script>
      <ol></ol><p></p><script type="module">import { follow } from './follow.js';
      const lines = [];
      follow({
        url: '${server.url}', channelId: 'followed',
        show: (headline, posts) => document.querySelector('ol').replaceChildren(...posts.map((post) =>
          Object.assign(document.createElement('li'), { textContent: [post.headline ?? post.text, ...post.notes].join(' / ') }))),
        say: (...words) => { document.querySelector('p').textContent = lines.push(words.join(': ')) && lines.join(' '); },
      });</script>`,
    );
    files.set('/pressbox-client.js', await readFile(join(home, 'dist', 'client', 'bundle.js'), 'utf8'));
    await author.createChannel({ id: 'followed', headline: 'Followed', state: 'live' });
    const { post } = await author.publish('followed', { headline: 'At noon' });
    const { post: wrong } = await author.publish('followed', { headline: 'A rumour' });
    const { page, complaints } = await browser.page();
    await page.goto(`${origin}/followed.html`);
    await page.getByText('Live, by socket').waitFor();
    await author.correct('followed', post.id, 1, { note: 'It was at one.', changes: { headline: 'At one' } });
    await author.retract('followed', wrong.id, { note: 'It was none.' });
    await page.getByText('At one / It was at one.').waitFor();
    await page.getByText('This post was withdrawn. / It was none.').waitFor();
    await page.getByText('Corrected: It was at one.').waitFor();
    // Without the server, the next visit still shows them.
    await vi.waitFor(async () => expect(await page.evaluate('localStorage.length')).toBeGreaterThan(0));
    let isAway = true;
    await page.route(`${server.url}/**`, (route) => (isAway ? route.abort() : route.continue()));
    await page.routeWebSocket(/.*/, (socket) => void (isAway ? socket.close() : socket.connectToServer()));
    await page.reload();
    await page.getByText('At one / It was at one.').waitFor();
    // With the server, the page shows the correction made meanwhile, although a refile followed it.
    await author.correct('followed', post.id, 2, { note: 'It was at two.', changes: { headline: 'At tow' } });
    await author.revise('followed', post.id, 3, { kind: 'refile', changes: { headline: 'At two' } });
    isAway = false;
    await page.getByText('Corrected: It was at two.').waitFor();
    expect(await page.locator('p').textContent()).not.toContain('It was at one.');
    expect(complaints).toEqual([]);
  });

  it('follows a channel with the same code if the browser denies storage, and shows no post after the channel is deleted', async () => {
    await author.createChannel({ id: 'followed-unkept', headline: 'Followed', state: 'live' });
    await author.publish('followed-unkept', { headline: 'At noon' });
    files.set('/unkept.html', (files.get('/followed.html') ?? '').replace("'followed'", "'followed-unkept'"));
    const { page, complaints } = await browser.page();
    await page.addInitScript(`Object.defineProperty(window, 'localStorage', {
      get() { throw new DOMException('Access is denied for this document.', 'SecurityError'); },
    });`);
    await page.goto(`${origin}/unkept.html`);
    await page.getByText('At noon').waitFor();
    await erase('followed-unkept');
    await page.getByText('Ended: gone').waitFor();
    expect(await page.locator('li').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('is live with a bundle of the installed package', async () => {
    const { outputFiles } = await build({
      stdin: {
        contents: `import { ReaderClient } from 'pressbox/client';
          new ReaderClient({ url: '${server.url}', channelId: 'bundled' }).open().on('timeline', ({ posts }) => {
            document.body.textContent = posts.map(({ headline }) => headline).join(', ');
          });`,
        resolveDir: folder,
      },
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      platform: 'browser',
    });
    files.set('/bundled.html', '<!doctype html><title>Bundled</title><body></body><script type="module" src="app.js"></script>');
    files.set('/app.js', outputFiles[0]?.text ?? '');
    await author.createChannel({ id: 'bundled', headline: 'Bundled', state: 'live' });
    await author.publish('bundled', { headline: 'Noon' });
    const { page, complaints } = await browser.page();
    await page.goto(`${origin}/bundled.html`);
    await page.getByText('Noon', { exact: true }).waitFor();
    await author.publish('bundled', { headline: 'One' });
    await page.getByText('One, Noon', { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });
});
