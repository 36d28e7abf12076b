import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { AuthorClient } from '../../../client/lib/author-client.ts';
import { hashOf } from '../../../src/journal/entry-record.ts';
import type { AuthorPost } from '../../../src/protocol/model.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { openSampleDay, playSampleDay } from '../../support/authors/play-sample-day.ts';
import { exportOf, sendTo } from '../../support/authors/transfer.ts';
import { asNobody } from '../../support/runner/as-nobody.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { sampleDay } from '../../support/samples/sample-day.ts';
import { run } from '../../support/servers/command.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { startSite } from '../../support/servers/site.ts';
import { startRedis } from '../../support/stores/redis.ts';

/** test/engine has the cases of each store. This file tests the command, and servers from outside. */

const day = sampleDay(13, { posts: 40, changes: 80 });
const { id } = day.channel;
let directory: string;
let server: TestServer;
let env: Record<string, string>;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pressbox-verify-'));
  server = await startTestServer();
  const token = await server.token({ admin: true });
  const client = new AuthorClient({ url: server.url, token });
  await openSampleDay(client, day);
  await playSampleDay(client, day, day.commands);
  await client.createChannel({ id: 'quiet', headline: 'Quiet' });
  env = { PRESSBOX_URL: server.url, PRESSBOX_TOKEN: token, ...server.addressSettings };
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const verify = async (...argv: string[]) => {
  const command = run(['verify', ...argv], env);
  return { code: await command.code, out: command.out, err: command.err };
};
const reportsOf = (out: string) =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

const notToldErased = expect.stringMatching(
  /^the text and .+ are missing: if an import was interrupted, import the whole export again$/,
);

interface ExportLine {
  channel?: { headline: string };
  post?: object;
  revision: { salt?: string };
}

/** A copy of the server's directory, changed by hand. */
async function tampered(sql: string): Promise<string> {
  const copy = await mkdtemp(join(directory, 'copy-'));
  await cp(server.dataDir, copy, { recursive: true });
  const db = new DatabaseSync(join(copy, 'journal.db'));
  expect(db.prepare(sql).run().changes).toBe(1);
  db.close();
  return copy;
}

/** Makes a directory read-only. */
async function unwritable(folder: string, act: () => Promise<void>): Promise<void> {
  await chmod(folder, 0o555);
  try {
    await asNobody(act);
  } finally {
    await chmod(folder, 0o755);
  }
}

describe('pressbox verify', () => {
  it('reports over HTTP that the journal of a server is intact, and how much was erased', async () => {
    const { code, out, err } = await verify();
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^ok {2}quiet {2}1 entries and 1 texts hold$/m);
    expect(out).toMatch(
      new RegExp(`^ok  ${id}  \\d+ entries and \\d+ texts hold, [1-9]\\d* erased, html of [1-9]\\d* not compared$`, 'm'),
    );
  });

  it('reports the same for the data directory of a running server, and for an export', async () => {
    const [http, directory_, lines] = [
      await verify(id, '--json'),
      await verify(id, '--data-dir', server.dataDir, '--json'),
      await verify('--file', await exportFile(), '--json'),
    ];
    expect(http.code).toBe(0);
    expect(reportsOf(http.out)[0]).toMatchObject({ channelId: id, fault: null, cursor: expect.stringContaining('.') });
    const posts = (await exportOf(server, id)).match(/^\{"post":.*"salt":/gm)?.length as number;
    const now = await postsOf(server);
    // A server shows the current state of each post, and an export has no html.
    for (const [{ code, out }, notCompared] of [
      [http, posts - now.length],
      [directory_, 0],
      [lines, posts],
    ] as const) {
      expect(code).toBe(0);
      expect(reportsOf(out)).toEqual([{ ...reportsOf(http.out)[0], htmlNotCompared: notCompared }]);
    }
    expect(now.length).toBeLessThan(posts);
  });

  it('reports forged html, in the store and from outside, and how much was not compared', async () => {
    await using other = await startTestServer();
    await sendTo(other, await exportOf(server, id));
    const own = { PRESSBOX_URL: other.url, PRESSBOX_TOKEN: await other.token({ admin: true }) };
    const verifyOther = async (more: Record<string, string>, ...argv: string[]) => {
      const command = run(['verify', ...argv], { ...own, ...more });
      return { code: await command.code, out: command.out, err: command.err };
    };
    const directory_ = ['--data-dir', other.dataDir];
    const post = (await postsOf(other)).find(({ body }) => body !== '') as AuthorPost;
    const db = new DatabaseSync(join(other.dataDir, 'journal.db'), { timeout: 10_000 });
    const { changes } = db
      .prepare(`UPDATE texts SET html = replace(html, '<p>', '<p>Forged. ') WHERE id = (SELECT text FROM posts WHERE id = ?)`)
      .run(post.id);
    db.close();
    expect(changes).toBe(1);

    const why = `the html of revision ${post.revision} differs from its rendered body`;
    for (const argv of [directory_, []]) {
      const { code, out } = await verifyOther(other.addressSettings, '--json', ...argv);
      expect(code, out).toBe(1);
      expect(reportsOf(out)[0].fault).toEqual({ channelId: id, offset: expect.any(Number), postId: post.id, why });
    }
    const { out } = await verifyOther(other.addressSettings, ...directory_);
    expect(out).toMatch(new RegExp(`^NO  ${id}  offset \\d+, post ${post.id}: ${why}\\. Before it`, 'm'));
    // It is compared under another URL too: the server journal says for which URL it was rendered.
    for (const elsewhere of ['', 'https://elsewhere.example']) {
      const found = await verifyOther({ PRESSBOX_PUBLIC_URL: elsewhere }, ...directory_);
      expect(found).toMatchObject({ code: 1, err: '', out: expect.stringContaining(why) });
    }
    expect(await verifyOther({ PRESSBOX_PUBLIC_URL: 'nonsense' }, ...directory_)).toMatchObject({
      code: 2,
      err: expect.stringContaining('PRESSBOX_PUBLIC_URL'),
    });
  });

  it('reports removals outside of channels, in the store and from outside, and who did them', async () => {
    const dataDir = await mkdtemp(join(directory, 'removed-'));
    const start = async () => await startTestServer({ PRESSBOX_DATA_DIR: dataDir });
    {
      await using first = await start();
      const client = new AuthorClient({ url: first.url, token: await first.token({ admin: true }, { sub: 'root' }) });
      for (const name of ['kept', 'removed', 'gone']) await client.createChannel({ id: name, headline: name });
      await client.deleteChannel('gone');
      const token = await first.token({ admin: true }, { sub: 'root' });
      const revoked = { method: 'POST' as const, token, body: { jti: 'stolen' } };
      expect(await call(`${first.url}/v1/tokens/revoked`, revoked)).toMatchObject({ status: 200 });
      const editor = await first.token({ editor: ['*'] });
      expect(await call(`${first.url}/v1/journal`, { token: editor })).toMatchObject({
        status: 403,
        body: { code: 'forbidden' },
      });
      const { body } = await call(`${first.url}/v1/journal?from=6`, { token });
      const stolen = { type: 'token.revoked', subject: 'stolen', by: 'root', stands: true };
      expect(body).toMatchObject({ entries: [{ type: 'channel.deleted', subject: 'gone', by: 'root' }, stolen], more: false });
    }
    const db = new DatabaseSync(join(dataDir, 'journal.db'));
    db.exec("DELETE FROM entries WHERE channel = 2; DELETE FROM channels WHERE id = 'removed'; DELETE FROM revoked");
    db.close();
    await using second = await start();
    const own = { PRESSBOX_URL: second.url, PRESSBOX_TOKEN: await second.token({ admin: true }) };
    for (const argv of [['--data-dir', dataDir], []]) {
      const command = run(['verify', ...argv], { ...own, ...second.addressSettings });
      expect(await command.code).toBe(1);
      expect(command.out).toMatch(/^ok {2}kept /m);
      expect(command.out).toMatch(/^NO {2}removed {2}the channel is missing, but was not deleted\./m);
      expect(command.out).toMatch(/^NO {2}the server's own journal {2}offset 7: a revoked token is no longer refused\./m);
      expect(command.out).not.toContain('gone');
    }
    const editors = run(['verify'], { ...own, PRESSBOX_TOKEN: await second.token() });
    expect(await editors.code).toBe(0);
    expect(editors.out).toMatch(/^-- {2}the server's own journal {2}not verified: requires an admin token$/m);
  });

  it("reports deleted ends of authors' sessions, whose copied cookies are valid again", async () => {
    const dataDir = await mkdtemp(join(directory, 'sessions-'));
    const env = { PRESSBOX_DATA_DIR: dataDir, PRESSBOX_JWT_SECRET: 'a secret that stays the same after a restart' };
    const askWho = (url: string, cookie: string) => call(`${url}/v1/session`, { headers: { cookie } });
    let copied = '';
    {
      await using first = await startTestServer(env);
      const admin = await first.token({ admin: true });
      for (const grants of [{ reader: ['*'] }, { author: ['storm'] }]) {
        const { headers } = await call(`${first.url}/v1/session`, { method: 'POST', token: await first.token(grants) });
        copied = headers.getSetCookie()[0]?.split(';')[0] ?? '';
        await call(`${first.url}/v1/session`, { method: 'DELETE', headers: { cookie: copied } });
      }
      expect((await askWho(first.url, copied)).body).toMatchObject({ session: null });
      const { body } = await call(`${first.url}/v1/journal?from=3`, { token: admin });
      expect(body).toMatchObject({ entries: [{ type: 'session.ended', stands: true }], more: false });
    }
    const db = new DatabaseSync(join(dataDir, 'journal.db'));
    db.exec('DELETE FROM endedSessions');
    db.close();
    await using second = await startTestServer(env);
    expect((await askWho(second.url, copied)).body).toMatchObject({ session: {} });
    const own = { PRESSBOX_URL: second.url, PRESSBOX_TOKEN: await second.token({ admin: true }) };
    for (const argv of [['--data-dir', dataDir], []]) {
      const command = run(['verify', ...argv], { ...own, ...second.addressSettings });
      expect(await command.code).toBe(1);
      expect(command.out).toMatch(/server's own journal {2}offset 3: a session that was signed out is no longer refused\.$/m);
    }
  });

  it('skips and counts the html of a server with another renderer', async () => {
    const later = new URL('../../support/preload/later-renderer.mjs', import.meta.url);
    await using other = await startServerProcess({ env: { NODE_OPTIONS: `--import ${later}` } });
    await sendTo(other, await exportOf(server, id));
    const now = await postsOf(other);
    const withBody = now.filter(({ body }) => body !== '');
    const { headers } = await call(`${other.url}/v1/channels/${id}/posts/${withBody[0]?.id}`);
    expect(headers.get('etag')).toMatch(/^"\d+-rmd3-/);

    const own = { PRESSBOX_URL: other.url, PRESSBOX_TOKEN: await other.token({ admin: true }) };
    const command = run(['verify', id, '--json'], own);
    expect([await command.code, command.err]).toEqual([0, '']);
    const [here] = reportsOf((await verify(id, '--json')).out);
    expect(withBody.length).toBeGreaterThan(10);
    expect(reportsOf(command.out)).toEqual([{ ...here, htmlNotCompared: here.htmlNotCompared + withBody.length }]);
    const told = run(['verify', id], own);
    expect([await told.code, told.out]).toEqual([
      0,
      expect.stringMatching(/^ok {2}.* entries and .*, html of [1-9]\d* not compared\n$/),
    ]);
  });

  it('finds from outside what was changed under a running server, and names where', async () => {
    await using other = await startTestServer();
    await sendTo(other, await exportOf(server, id));
    const own = { PRESSBOX_URL: other.url, PRESSBOX_TOKEN: await other.token({ admin: true }) };
    const faultAfter = async (sql: string) => {
      const db = new DatabaseSync(join(other.dataDir, 'journal.db'), { timeout: 10_000 });
      db.exec('BEGIN IMMEDIATE');
      expect(db.prepare(sql).run().changes).toBe(1);
      db.exec('COMMIT');
      db.close();
      const command = run(['verify', id, '--json'], own);
      expect(await command.code).toBe(1);
      return JSON.parse(command.out).fault;
    };
    // Changes the state beside the journal first, since verify stops at a fault in the journal.
    const post = '(SELECT max(seq) FROM posts)';
    const stale = await faultAfter(`UPDATE posts SET text = (SELECT min(text) FROM posts) WHERE seq = ${post}`);
    expect(stale).toMatchObject({
      channelId: id,
      postId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      why: 'the server does not show the post',
    });
    const text = await faultAfter(
      `UPDATE texts SET state = replace(state, '"kind":"update"', '"kind":"breaking"') WHERE id =
         (SELECT e.text FROM entries e JOIN texts t ON t.id = e.text WHERE e.offset > 20 AND t.state LIKE '%"kind":"update"%' LIMIT 1)`,
    );
    expect(text).toMatchObject({ channelId: id, why: 'the entry was changed' });
    expect(text.offset).toBeGreaterThan(20);
    expect(await faultAfter("UPDATE entries SET by = 'somebody' WHERE offset = 12")).toMatchObject({ offset: 12 });
    expect(await faultAfter('DELETE FROM entries WHERE offset = 9')).toMatchObject({ offset: 9, why: 'the entry is missing' });
  });

  it('finds what was changed in a directory, and explains it', async () => {
    const copy = await tampered("UPDATE entries SET at = '2026-11-24T12:00:00.001Z' WHERE offset = 7");
    const { code, out } = await verify('--data-dir', copy);
    expect(code).toBe(1);
    expect(out).toMatch(
      new RegExp(`^NO  ${id}  offset 7, post [0-9a-f-]{36}: the entry was changed\\. Before it 6 entries`, 'm'),
    );
    expect(out).toMatch(/^ok {2}quiet/m);
  });

  it('finds a correction removed from the list of a directory, and a post with a forged tag', async () => {
    const unlisted = await tampered(
      'UPDATE entries SET listed = 0 WHERE channel = 1 AND offset = (SELECT min(offset) FROM entries WHERE listed = 1)',
    );
    const hidden = await tampered('DELETE FROM tags WHERE (channel, tag, seq) = (SELECT channel, tag, seq FROM tags LIMIT 1)');
    for (const [copy, why] of [
      [unlisted, 'the list of corrections differs from the entries'],
      [hidden, 'the index differs from the text'],
    ] as const) {
      const { code, out } = await verify('--data-dir', copy);
      expect(code).toBe(1);
      expect(out).toContain(`: ${why}. Before it`);
    }
  });

  it('reads a read-only directory if the server was shut down cleanly, and otherwise says what to do', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pressbox-unwritable-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const journal = join(folder, 'journal.db');
    const told = ({ code, out, err }: Awaited<ReturnType<typeof verify>>) => [code, out === here ? 'as here' : out, err];
    const here = (await verify('--data-dir', server.dataDir)).out;
    for (const name of ['journal.db', 'journal.db-wal']) {
      await cp(join(server.dataDir, name), join(folder, name));
      await chmod(join(folder, name), 0o644);
    }
    await unwritable(folder, async () => {
      const open = `The journal ${journal} was not closed, and reading it requires creating files beside it`;
      const err = `pressbox: ${open}: copy the directory, and verify the copy.\n`;
      expect(told(await verify('--data-dir', folder))).toEqual([1, '', err]);
    });
    const db = new DatabaseSync(journal);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
    await unwritable(folder, async () => expect(told(await verify('--data-dir', folder))).toEqual([0, 'as here', '']));
    await chmod(journal, 0o200);
    await unwritable(folder, async () => {
      const err = `pressbox: This process may not read the journal ${journal}.\n`;
      expect(told(await verify('--data-dir', folder))).toEqual([1, '', err]);
    });
  });

  it('names the damaged file of a directory, and says what to do', async () => {
    const damaged = join(directory, 'damaged');
    await mkdir(damaged);
    await writeFile(join(damaged, 'journal.db'), 'No journal at all. '.repeat(1_000));
    const { code, err } = await verify('--data-dir', damaged, '--json');
    const error = expect.stringMatching(/^The journal .*\/damaged\/journal\.db is damaged: .*backup\.$/);
    expect([code, JSON.parse(err)]).toEqual([1, { error }]);
  });

  it('finds what was changed in an export, and where it ends too early', async () => {
    const lines = (await exportOf(server, id)).trimEnd().split('\n');
    const faultOf = async (changed: string[]) => {
      const file = join(directory, 'changed.ndjson');
      await writeFile(file, changed.join('\n'));
      const { code, out, err } = await verify('--file', file, '--json');
      return code === 1 && out !== '' ? reportsOf(out)[0].fault : err;
    };
    expect(await faultOf(lines.with(30, (lines[30] as string).replace('"at":"2', '"at":"1')))).toMatchObject({ offset: 31 });
    expect(await faultOf(lines.toSpliced(30, 1))).toMatchObject({ offset: 31, why: 'the entry is missing' });
    const erased = lines.findIndex((line) => line.includes('"content":'));
    expect(await faultOf(lines.slice(0, erased + 1))).toMatchObject({ offset: erased + 1, why: notToldErased });
    const later = lines.findIndex((line, at) => at > erased && line.includes('"erases":'));
    expect(await faultOf(lines.with(later, (lines[later] as string).replace(/"erases":\d+,/, '')))).toMatchObject({
      offset: later + 1,
      why: 'the entry was changed',
    });
    for (const none of ['half a li', 'null', '5', '[]', '{}', '{"post":null}', '{"channel":{"id":"a","history":[null]}}'])
      expect(await faultOf([...lines, none]), none).toContain('It contains a line that is not from an export.');
    expect(await faultOf([])).toContain('It contains no line of an export.');
  });

  it('reports an import that was cut at an erased line, and what to do', async () => {
    const lines = (await exportOf(server, id)).trimEnd().split('\n');
    const erased = lines.findIndex((line) => line.includes('"content":'));
    await using other = await startTestServer();
    const verifyArgv = [id, '--url', other.url, '--token', await other.token({ admin: true }), '--json'];
    await sendTo(other, `${lines.slice(0, erased + 1).join('\n')}\n`);
    const cut = await verify(...verifyArgv);
    expect([cut.code, reportsOf(cut.out)[0].fault]).toMatchObject([1, { offset: erased + 1, why: notToldErased }]);
    expect(await verify('--data-dir', other.dataDir)).toMatchObject({ code: 0, out: expect.stringContaining(', 1 erased') });
    await sendTo(other, `${lines.join('\n')}\n`);
    expect(await verify(...verifyArgv)).toMatchObject({ code: 0 });
  });

  it('raises no alarm for an erasure whose entry a running import has not written yet', async () => {
    const lines = (await exportOf(server, id)).trimEnd().split('\n');
    const erased = lines.findIndex((line) => line.includes('"content":'));
    const written: string[] = [];
    await using other = await startTestServer({}, { log: createLog('info', { write: (line) => void written.push(line) }) });
    const token = await other.token({ admin: true });
    await sendTo(other, `${lines.slice(0, erased + 1).join('\n')}\n`);
    const verifying = verify(id, '--url', other.url, '--token', token, '--json');
    await vi.waitFor(() => expect(written.join('')).toContain('channel exported'));
    await sendTo(other, `${lines.join('\n')}\n`);
    const { code, out } = await verifying;
    const [report] = reportsOf(out);
    expect([code, report]).toMatchObject([0, { fault: null }]);
    // The second import may still be running when the channel is read again.
    expect(report.entries).toBeGreaterThan(erased);
  });

  it('finds a text in an export that was changed to fit its hash', async () => {
    const lines = (await exportOf(server, id)).trimEnd().split('\n');
    const faultOf = async (at: number, change: (line: ExportLine) => object) => {
      const file = join(directory, 'changed.ndjson');
      await writeFile(file, lines.with(at, JSON.stringify(change(JSON.parse(lines[at] as string)))).join('\n'));
      const { code, out } = await verify('--file', file, '--json');
      expect(code).toBe(1);
      return reportsOf(out)[0].fault;
    };
    // The file contains the salt, so its holder can compute a hash.
    const { channel, revision: facts } = JSON.parse(lines[0] as string) as ExportLine;
    const { salt = '', ...placed } = facts;
    const content = hashOf({ salt, headline: channel?.headline ?? null, note: null, state: JSON.stringify(channel) });
    const forged = { channel: { ...channel, headline: 'Forged' }, revision: { ...placed, content } };
    expect(await faultOf(0, () => forged)).toMatchObject({ offset: 1, postId: null, why: 'the text is missing' });
    const erased = lines.findIndex((line) => line.includes('"content":'));
    expect(await faultOf(erased, (line) => ({ ...line, post: { ...line.post, body: 'Forged' } }))).toMatchObject({
      offset: erased + 1,
      why: 'there is a text where it was erased',
    });
  });

  it('finds an older copy and a missing channel by the output of an earlier run', async () => {
    const older = await tampered("UPDATE channels SET latestPostAt = NULL WHERE id = 'quiet'");
    const client = new AuthorClient({ url: server.url, token: env.PRESSBOX_TOKEN as string });
    await client.publish('quiet', { body: 'Later.' });
    await client.createChannel({ id: 'newest', headline: 'Newest' });
    const then = join(directory, 'then.jsonl');
    await writeFile(then, (await verify('--json')).out);
    const summed = await verify('--since', then);
    expect(summed.code, summed.out).toBe(0);
    expect(summed.out).toMatch(/^ok {2}3 channels {2}\d+ entries and \d+ texts hold.*\. Added since then: 0 entries\.$/m);
    expect(summed.out).not.toMatch(/^ok {2}quiet/m);
    await client.publish('quiet', { body: 'Much later.' });
    await client.createChannel({ id: 'newer', headline: 'Newer' });
    expect((await verify('--since', then)).out).toMatch(/Added since then: 2 entries, and 1 channel\.$/m);
    await client.deleteChannel('newer');
    expect(await verify('--data-dir', older)).toMatchObject({ code: 0 });
    const { code, out } = await verify('--data-dir', older, '--since', then);
    expect(code).toBe(1);
    expect(out).toMatch(/^NO {2}quiet {2}offset 2: entries from before the earlier time are missing: this is an older copy\./m);
    expect(out).toMatch(/^NO {2}newest {2}the channel no longer exists\./m);
    await client.deleteChannel('newest');
  });

  it('compares the export of every channel with the output of an earlier run', async () => {
    const then = join(directory, 'all-then.jsonl');
    const earlier = await verify('--json');
    await writeFile(then, earlier.out);
    expect(reportsOf(earlier.out).map(({ channelId }) => channelId)).toContain(null);
    const [all, some] = [join(directory, 'all.ndjson'), await exportFile()];
    await writeFile(all, `${await exportOf(server, id)}${await exportOf(server, 'quiet')}`);
    const { code, out } = await verify('--file', all, '--since', then);
    expect(code, out).toBe(0);
    expect(out).not.toContain("the server's own journal");
    // A channel missing from the file is reported as before.
    const lacking = await verify('--file', some, '--since', then);
    expect(lacking).toMatchObject({
      code: 1,
      out: expect.stringMatching(/^NO {2}quiet {2}the channel no longer exists\./m),
    });
  });

  it('writes when it ran and what it found as metrics, with and without a fault', async () => {
    const file = join(directory, 'pressbox.prom');
    const older = await tampered("UPDATE entries SET at = '2026-11-24T12:00:00.001Z' WHERE offset = 7");
    for (const [argv, faults] of [
      [['--metrics', file], 0],
      [['--data-dir', older, '--metrics', file], 1],
    ] as const) {
      expect(await verify(...argv)).toMatchObject({ code: faults });
      const text = await readFile(file, 'utf8');
      const measured = (name: string) => Number(new RegExp(`^pressbox_verify_${name} (.*)$`, 'm').exec(text)?.[1]);
      expect(measured('faults')).toBe(faults);
      expect(measured('channels')).toBe(2);
      expect(Math.abs(measured('end_timestamp_seconds') - Date.now() / 1_000)).toBeLessThan(60);
    }
  });

  it('refuses a file as output of an earlier run if it names no channel', async () => {
    const other = join(directory, 'other.jsonl');
    for (const line of ['{}', '{"channelId":"quiet"}', '{"channelId":"quiet","cursor":"none"}', '{"cursor":null}']) {
      await writeFile(other, `${line}\n`);
      expect(await verify('--since', other)).toMatchObject({ code: 2, err: expect.stringContaining('is not the output of') });
    }
  });

  it('exits with 1 and says so if the connection is cut', async () => {
    await using site = await startSite((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
      response.write('{"channel":', () => response.destroy());
    });
    expect(await verify(id, '--url', site.url)).toMatchObject({
      code: 1,
      err: expect.stringContaining('The connection was cut before the export was complete.'),
    });
  });

  it('exits with 1 if there is nothing to verify, and with 2 for wrong usage', async () => {
    expect(await verify('none')).toMatchObject({ code: 1, err: expect.stringContaining('There is no channel with this id') });
    expect(await verify('none', '--data-dir', server.dataDir)).toMatchObject({
      code: 1,
      err: expect.stringContaining('no channel none'),
    });
    expect(await verify('--data-dir', directory)).toMatchObject({ code: 1, err: expect.stringContaining('no journal') });
    expect(await verify('--file', join(directory, 'none'))).toMatchObject({ code: 1, err: expect.stringContaining('ENOENT') });
    expect(await verify('--file', directory)).toMatchObject({ code: 1, err: expect.stringContaining(`${directory}: EISDIR`) });
    expect(await verify('--redis', 'redis://127.0.0.1:1')).toMatchObject({
      code: 1,
      err: expect.stringContaining('ECONNREFUSED'),
    });
    expect(await verify('--redis')).toMatchObject({ code: 2, err: expect.stringContaining('PRESSBOX_REDIS_URL') });
    expect(await verify('--redis', '--data-dir', '.')).toMatchObject({ code: 2 });
  });
});

describeWith(needs.redis, 'pressbox verify of a Redis', (binary) => {
  it('reports the same for an import as for its source', async () => {
    await using redis = await startRedis(binary);
    const secret = 'a secret of at least 32 bytes, for tests';
    await using other = await startTestServer({ PRESSBOX_REDIS_URL: redis.url, PRESSBOX_JWT_SECRET: secret });
    await sendTo(other, await exportOf(server, id));
    const command = run(['verify', id, '--redis', '--json'], { PRESSBOX_REDIS_URL: redis.url, ...other.addressSettings });
    expect(await command.code).toBe(0);
    expect(command.out).toBe((await verify(id, '--data-dir', server.dataDir, '--json')).out);
  });
});

/** The current posts, fewer than a page. */
async function postsOf(of: Pick<TestServer, 'url' | 'token'>): Promise<AuthorPost[]> {
  const headers = { authorization: `Bearer ${await of.token({ admin: true })}` };
  const response = await fetch(`${of.url}/v1/channels/${id}/posts?limit=100`, { headers });
  return ((await response.json()) as { posts: AuthorPost[] }).posts;
}

async function exportFile(): Promise<string> {
  const file = join(directory, 'whole.ndjson');
  await writeFile(file, await exportOf(server, id));
  return file;
}
