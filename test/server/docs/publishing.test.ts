import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Correction, revisionKinds, type Snapshot } from '../../../src/protocol/model.ts';
import { root } from '../../support/runner/imports.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { blocksOf, quotedIn, tablesOf } from '../../support/samples/markdown-blocks.ts';
import { freePort } from '../../support/servers/free-port.ts';
import { openShell, type Shell } from '../../support/servers/shell.ts';

const page = await readFile(join(root, 'docs/guides/publish-and-correct.md'), 'utf8');

describe('docs/guides/publish-and-correct.md', () => {
  let folder: string;
  let shell: Shell;
  let url: string;
  // The test of the README checks that npx finds the command. Without npx this test takes half as long.
  const here = (lines: string) =>
    lines
      .replaceAll('http://127.0.0.1:4100', url)
      .replaceAll('npx pressbox', `"${process.execPath}" "${join(root, 'bin/pressbox.mjs')}"`);
  const get = async (path: string) => (await fetch(`${url}${path}`)).json();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pressbox-publishing-'));
    shell = openShell(folder, { ...process.env, PRESSBOX_LOG_LEVEL: 'warn', XDG_STATE_HOME: join(folder, 'state') });
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const [serve = ''] = blocksOf(page, 'With the command');
    const server = shell.start(here(serve).replace('--port 4100', `--port ${port}`));
    await vi.waitFor(() => expect(server.out).toContain(`serves ${url}`));
  });
  afterAll(async () => {
    await shell[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it('publishes and corrects with the command, line by line', async () => {
    const [, commands = '', picture = '', endAndReopen = ''] = blocksOf(page, 'With the command');
    const printed = await shell.run(`${here(commands)}\necho; echo "$PRESSBOX_TOKEN"`);
    // The exported variables apply to all later lines.
    Object.assign(shell.env, {
      PRESSBOX_URL: url,
      PRESSBOX_DATA_DIR: './newsroom',
      PRESSBOX_TOKEN: printed.trim().split('\n').at(-1),
    });
    const { channel, posts, pinned, summary, keyEvents } = (await get('/v1/channels/budget-day/snapshot')) as Snapshot;
    expect(channel).toMatchObject({ headline: 'Budget day', section: 'Politics', state: 'live' });
    expect(posts.map(({ status }) => status)).toEqual(['retracted', 'published', 'published']);
    expect(summary?.html).toContain('<li>Taxes stay');
    expect(pinned?.id).toBe(summary?.id);
    expect(keyEvents.map(({ headline }) => headline)).toEqual(['The session begins at one']);
    expect(posts[2]?.history.map(({ kind }) => kind)).toEqual(['correction', 'update']);
    expect(posts[2]?.html).toContain('First comes the budget.');

    await shell.run(here(picture));
    expect(await get('/v1/channels/budget-day')).toMatchObject({
      picture: { alt: 'The chamber before the session', width: 1600, height: 900 },
    });

    const [end = '', reopen = ''] = here(endAndReopen).trim().split('\n');
    await shell.run(end);
    expect(await get('/v1/channels/budget-day')).toMatchObject({ state: 'ended' });
    await shell.run(reopen);
    expect(await get('/v1/channels/budget-day')).toMatchObject({ state: 'live' });
  });

  it('names every kind of change', () => {
    const [table = []] = tablesOf(page, 'Choose the kind of change');
    expect(table.flatMap(([kind]) => quotedIn(kind)).sort()).toEqual([...revisionKinds].sort());
  });

  describeWith(needs.curl, 'over HTTP', () => {
    it('publishes, corrects and reads with curl', async () => {
      const [write = '', read = ''] = blocksOf(page, 'Over HTTP');
      await shell.run(here(write));
      const answers = (await shell.run(here(read).trim().split('\n').join(' && echo &&\n'))).split('\n');
      const [snapshot, { corrections }] = answers.map((line) => JSON.parse(line)) as [Snapshot, { corrections: Correction[] }];
      expect(snapshot.channel.id).toBe('budget-day');
      expect(snapshot.posts[0]).toMatchObject({
        headline: 'The session is adjourned',
        revision: 2,
        html: '<p>It goes on at eight.</p>\n',
      });
      expect(corrections.map(({ kind }) => kind)).toEqual(['correction', 'retraction', 'correction']);

      // Repeating the requests changes nothing.
      await shell.run(here(write));
      expect(((await get('/v1/channels/budget-day/snapshot')) as Snapshot).posts[0]).toEqual(snapshot.posts[0]);
    });
  });
});
