import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import type { JournalLine } from '../../../src/protocol/model.ts';
import { exportOf } from '../../support/authors/transfer.ts';
import { run } from '../../support/servers/command.ts';
import { call, startTestServer } from '../../support/servers/server.ts';
import { folder, golden, holds, verify } from '../../support/stores/before-chained-erasures.ts';

it('a data directory from before chained erasures opens, verifies, and chains later erasures', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'pressbox-golden-'));
  try {
    await writeFile(join(dataDir, 'journal.db'), gunzipSync(await readFile(new URL('before-chained-erasures.db.gz', folder))));
    // No server of this version has opened it yet.
    const before = run(['verify', '--data-dir', dataDir], { PRESSBOX_PUBLIC_URL: 'https://news.example' });
    expect(await before.code).toBe(0);
    expect(before.out).toMatch(holds);
    expect(before.out).toMatch(/^-- {2}the server's own journal {2}does not exist yet/m);

    await using server = await startTestServer({ PRESSBOX_DATA_DIR: dataDir });
    expect(await exportOf(server, 'golden')).toBe(golden);
    expect(await verify(server, '--data-dir', dataDir)).toMatchObject({ code: 0, out: expect.stringMatching(holds) });

    const client = new AuthorClient({ url: server.url, token: await server.token({ admin: true }) });
    const { post } = JSON.parse(golden.trimEnd().split('\n').at(-1) as string);
    await client.revise('golden', post.id, '*', { kind: 'refile', changes: { body: 'Nothing.' }, eraseEarlier: true });
    const { body } = await call(`${server.url}/v1/channels/golden/journal`, { token: await server.token({ admin: true }) });
    const erasing = (body as { entries: JournalLine[] }).entries.filter(({ erases }) => erases !== undefined);
    expect(erasing).toMatchObject([{ offset: 13, erases: 2 }]);
    expect((await verify(server, '--data-dir', dataDir)).out).toMatch(/, 7 erased \(4 before erasures were chained\)/);
  } finally {
    await rm(dataDir, { recursive: true });
  }
});
