import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { run } from '../../support/servers/command.ts';
import { startTestServer } from '../../support/servers/server.ts';

it('pressbox archive takes only its own deletion for its own after a crash, and keeps the copy if it was not', async () => {
  await using server = await startTestServer();
  const tokenOf = (sub: string) => server.token({ admin: true }, { sub });
  const [own, other] = [await tokenOf('ada'), await tokenOf('ben')];
  const folder = await mkdtemp(join(tmpdir(), 'pressbox-archive-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const now = Date.now();
  const [sentNow, sentInAnHour] = [now, now + 3_600_000].map((at) => new Date(at).toISOString());
  // What runs of ada left before they crashed, and who deleted the channel.
  const left = [
    { id: 'storm', sentAt: sentNow, token: other },
    { id: 'storm-2', sentAt: sentNow, token: own },
    // An hour before the note: by another command.
    { id: 'storm2', sentAt: sentInAnHour, token: own },
    // The run had not sent a deletion.
    { id: 'stor', sentAt: undefined, token: own },
  ];
  for (const { id, sentAt, token } of left) {
    const author = new AuthorClient({ url: server.url, token });
    await author.createChannel({ id, headline: 'Storm', state: 'live' });
    const part = join(folder, `${id}.part`);
    await mkdir(part);
    await writeFile(join(part, `${id}.ndjson`), 'the export');
    const deletion = { channelId: id, cursor: '', by: 'ada', sentAt };
    if (sentAt !== undefined) await writeFile(join(part, 'deletion.json'), JSON.stringify(deletion));
    await author.deleteChannel(id);
  }

  const argv = ['archive', '--after', '0d', '--to', folder, '--yes'];
  const command = run(argv, { PRESSBOX_URL: server.url, PRESSBOX_TOKEN: own });
  expect([await command.code, command.out]).toEqual([1, `Archived storm-2 to ${join(folder, 'storm-2')}.\n`]);
  for (const id of ['storm', 'storm2']) {
    const told = `${id}:\npressbox: Somebody else deleted the channel at the same time. Delete ${join(folder, id)}.part`;
    expect(command.err).toContain(told);
  }
  expect((await readdir(folder)).toSorted()).toEqual(['archive.lock', 'storm-2', 'storm.part', 'storm2.part']);
});
