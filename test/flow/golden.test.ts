import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { AuthorClient } from '../../client/author-client.ts';
import type { JournalLine } from '../../src/protocol/model.ts';
import { run } from '../support/command.ts';
import { call, startTestServer, type TestServer } from '../support/server.ts';
import { exportOf, sendTo } from '../support/transfer.ts';

/**
 * What an earlier version wrote, before erasures were facts of the chain: two posts from which earlier revisions were erased, one that was
 * taken down, and one that was left alone.
 */
const folder = new URL('../support/golden/', import.meta.url);
const golden = await readFile(new URL('before-chained-erasures.ndjson', folder), 'utf8');
const holds = /^ok {2}golden {2}12 entries and 7 texts hold, 5 erased \(4 before erasures were chained\)/m;

const verify = async (server: TestServer, ...argv: string[]) => {
  const env = {
    PRESSBOX_URL: server.url,
    PRESSBOX_TOKEN: await server.token({ admin: true }),
    PRESSBOX_PUBLIC_URL: server.server.publicUrl,
  };
  const command = run(['verify', ...argv], env);
  return { code: await command.code, out: command.out, err: command.err };
};

it('an export from before erasures were chained comes in with the same checks, and verify says what it cannot know', async () => {
  await using server = await startTestServer();
  expect(await sendTo(server, golden)).toMatchObject({ status: 200, body: { revisions: 12, sameHistory: true } });
  expect(await exportOf(server, 'golden')).toBe(golden);
  for (const where of [[], ['golden']])
    expect(await verify(server, ...where)).toMatchObject({ code: 0, err: '', out: expect.stringMatching(holds) });
});

it('a data directory from before erasures were chained opens, holds, and chains what is erased from now on', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'pressbox-golden-'));
  try {
    await writeFile(join(dataDir, 'journal.db'), gunzipSync(await readFile(new URL('before-chained-erasures.db.gz', folder))));
    // Before any server of this version has opened it.
    const before = run(['verify', '--data-dir', dataDir], { PRESSBOX_PUBLIC_URL: 'https://news.example' });
    expect(await before.code).toBe(0);
    expect(before.out).toMatch(holds);
    expect(before.out).toMatch(/^-- {2}the server's own journal {2}has not begun/m);

    await using server = await startTestServer({ PRESSBOX_DATA_DIR: dataDir });
    expect(await exportOf(server, 'golden')).toBe(golden);
    expect(await verify(server, '--data-dir', dataDir)).toMatchObject({ code: 0, out: expect.stringMatching(holds) });

    const client = new AuthorClient({ url: server.url, token: await server.token({ admin: true }) });
    const { post } = JSON.parse(golden.trimEnd().split('\n').at(-1) as string);
    await client.revise('golden', post.id, '*', { kind: 'refile', changes: { body: 'Nothing.' }, eraseEarlier: true });
    const { body } = await call(`${server.url}/v1/channels/golden/journal`, { token: await server.token({ admin: true }) });
    const told = (body as { entries: JournalLine[] }).entries.filter(({ erases }) => erases !== undefined);
    expect(told).toMatchObject([{ offset: 13, erases: 2 }]);
    expect((await verify(server, '--data-dir', dataDir)).out).toMatch(/, 7 erased \(4 before erasures were chained\)/);
  } finally {
    await rm(dataDir, { recursive: true });
  }
});

it('an export in which nothing tells of an erasure any more does not hold', async () => {
  await using server = await startTestServer();
  const file = join(server.dataDir, 'changed.ndjson');
  const verifyChanged = async (changed: string) => {
    await writeFile(file, changed);
    return await verify(server, '--file', file);
  };
  expect(await verifyChanged(golden)).toMatchObject({ code: 0, out: expect.stringMatching(holds) });
  const untold = await verifyChanged(golden.replace('"erases":2,', ''));
  expect(untold).toMatchObject({ code: 1, out: expect.stringMatching(/NO {2}golden {2}offset 2, .*the text is missing/) });
  const chained = await verifyChanged(golden.replace('"erases":2,', '"erases":2,"chained":true,'));
  expect(chained).toMatchObject({ code: 1, out: expect.stringMatching(/offset 7, .*the entry is not the one that was written/) });
});
