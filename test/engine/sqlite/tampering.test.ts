import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { JournalRefused, type Renderer } from '../../../src/journal/engine.ts';
import type { ChannelReport } from '../../../src/journal/history-walk.ts';
import { openSqlite } from '../../../src/journal/sqlite/index.ts';
import { verifyDirectory } from '../../../src/journal/sqlite/verify.ts';
import { createRenderer } from '../../../src/newsroom/render.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { appended, publish, renderer, revision, writeTheBridge } from '../../support/stores/engines.ts';

let parent: string;
let standing: string;
let copies = 0;

/** A closed journal with entries of every kind. Each case changes a copy of it by hand. */
beforeAll(async () => {
  parent = mkdtempSync(join(tmpdir(), 'pressbox-tampering-'));
  const engine = await openSqlite({ dataDir: join(parent, 'data'), renderer });
  ({ standing } = await writeTheBridge(engine));
  // Another post with two revisions, and a revoked token.
  const post = await publish(engine, 'another', { body: 'First.' });
  await appended(engine, 'another', [revision(post, { body: 'Second.' })]);
  await engine.revoke('stolen', null, 'root');
  await engine.close();
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

function copy(): string {
  const dataDir = join(parent, `copy-${++copies}`);
  cpSync(join(parent, 'data'), dataDir, { recursive: true });
  return dataDir;
}

/** The message names the file and what to do. */
function damaged(dataDir: string): JournalRefused {
  const message = expect.stringMatching(new RegExp(`^The journal ${dataDir}/journal\\.db is damaged: .*backup\\.$`));
  return expect.objectContaining({ name: 'JournalRefused', message });
}

function changedCopy(...statements: string[]): string {
  const dataDir = copy();
  const db = new DatabaseSync(join(dataDir, 'journal.db'));
  for (const sql of statements) expect(db.prepare(sql).run().changes, sql).toBe(1);
  db.close();
  return dataDir;
}

/** The message that refuses the journal after the changes, or 'opened'. */
async function tampered(...statements: string[]): Promise<string> {
  const dataDir = changedCopy(...statements);
  try {
    const engine = await openSqlite({ dataDir, renderer });
    await engine.close();
    return 'opened';
  } catch (error) {
    expect(error).toBeInstanceOf(JournalRefused);
    return (error as Error).message;
  }
}

describe('a journal that was tampered with', () => {
  it('opens if the change is not covered by the chain', async () => {
    expect(await tampered("UPDATE channels SET latestPostAt = NULL WHERE id = 'bridge'")).toBe('opened');
  });

  it.each([
    ['a fact', "UPDATE entries SET by = 'adb' WHERE channel = 1 AND offset = 2", 2],
    ['a time', "UPDATE entries SET at = '2026-11-24T12:00:00.001Z' WHERE channel = 1 AND offset = 5", 5],
    ['a check', `UPDATE entries SET "check" = substr("check", 2) || 'z' WHERE channel = 1 AND offset = 6`, 6],
    ['what an entry says that it erased', 'UPDATE entries SET erases = NULL WHERE channel = 1 AND offset = 4', 4],
    ['an erasure that no entry made', 'UPDATE entries SET erases = 1 WHERE channel = 1 AND offset = 3', 3],
    ['the id of a post', "UPDATE posts SET id = 'other' WHERE channel = 1 AND seq = 5", 5],
    ['a text', "UPDATE texts SET state = replace(state, 'Something', 'Somewhere') WHERE id = 5", 5],
    ['a headline', "UPDATE texts SET headline = 'Anothes' WHERE id = 5", 5],
    ['a note', "UPDATE texts SET note = 'B note' WHERE id = 6", 6],
    ['the text of a channel', "UPDATE texts SET state = replace(state, 'Changed', 'Swapped') WHERE id = 6", 6],
    ['a text that was deleted without an erasure', 'UPDATE texts SET salt = NULL, state = NULL WHERE id = 5', 5],
    [
      'a text as if it had been erased elsewhere',
      "UPDATE texts SET salt = '', state = replace(state, 'Some', 'No') WHERE id = 5",
      5,
    ],
    ['the text of a channel as if it had been erased elsewhere', "UPDATE texts SET salt = '', note = NULL WHERE id = 6", 6],
    ['a deleted entry', 'DELETE FROM entries WHERE channel = 1 AND offset = 3', 3],
    ['a deleted last entry', 'DELETE FROM entries WHERE channel = 1 AND offset = 6', 6],
    ['a post reset to an earlier state', 'UPDATE posts SET text = 2, revision = 1, last = 2 WHERE channel = 1 AND seq = 2', 4],
    ['a head reset to an earlier offset', 'UPDATE channels SET head = 5 WHERE n = 1', 6],
    ['the root of the history', "UPDATE channels SET root = replace(root, substr(root, 1, 1), 'z') WHERE n = 1", 1],
  ])('is refused, naming channel and offset: %s', async (_what, sql, offset) => {
    expect(await tampered(sql)).toMatch(new RegExp(`channel bridge, offset ${offset}: .*backup`));
  });

  it('is refused if the latest text was removed as if it had been erased, which happens to earlier ones only', async () => {
    const gone = await tampered(
      'UPDATE texts SET salt = NULL, state = NULL, headline = NULL, html = NULL WHERE id = 5',
      'UPDATE posts SET erased = revision WHERE channel = 1 AND seq = 5',
    );
    expect(gone).toMatch(/channel bridge, offset 5: the state differs/);
  });

  it('is refused if a channel is missing that nobody deleted', async () => {
    expect(await tampered("DELETE FROM channels WHERE id = 'bridge'")).toMatch(/channel bridge, offset 0: .*backup/);
    // The journal opens if a deletion of the missing channel is still pending.
    const wiping = "INSERT INTO owed (channelId, postId, n) VALUES ('bridge', '', 1)";
    expect(await tampered("DELETE FROM channels WHERE id = 'bridge'", wiping)).toBe('opened');
  });

  it('opens if a text is missing without an entry of its erasure, which only verify reports', async () => {
    const dataDir = copy();
    const engine = await openSqlite({ dataDir, renderer });
    const post = await publish(engine, 'another', { body: 'One.' });
    const second = revision(post, { body: 'Two.' });
    await appended(engine, 'another', [second]);
    // The entry erases both revisions but records only the first.
    await appended(engine, 'another', [{ ...revision(second.post, { body: 'Three.' }), erases: 2, chainedErasure: 1 }]);
    await engine.close();
    await (await openSqlite({ dataDir, renderer })).close();
    const why = expect.stringContaining('the text is missing');
    expect([...verifyDirectory(dataDir, { channelId: 'another' })]).toMatchObject([{ fault: { offset: 5, why } }]);
  });

  it('is refused if the file is not a journal', async () => {
    const dataDir = copy();
    writeFileSync(
      join(dataDir, 'journal.db'),
      'This is not a database, but a text that someone put here by mistake. '.repeat(100),
    );
    await expect(openSqlite({ dataDir, renderer })).rejects.toThrow(damaged(dataDir));
    expect(() => [...verifyDirectory(dataDir)]).toThrow(damaged(dataDir));
  });

  it('is refused if a part of the file is lost', async () => {
    const dataDir = copy();
    const file = join(dataDir, 'journal.db');
    const db = new DatabaseSync(file);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const { rootpage } = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'entries'").get() as { rootpage: number };
    db.close();
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.fill(0xff, (rootpage - 1) * 4096, rootpage * 4096));
    await expect(openSqlite({ dataDir, renderer })).rejects.toThrow(damaged(dataDir));
    expect(() => [...verifyDirectory(dataDir)]).toThrow(damaged(dataDir));
  });

  it('can be verified channel by channel, with a report for each', async () => {
    const dataDir = copy();
    const db = new DatabaseSync(join(dataDir, 'journal.db'));
    db.exec("UPDATE entries SET by = 'x' WHERE channel = 2");
    db.close();
    const [another, bridge] = [...verifyDirectory(dataDir)];
    expect(another).toMatchObject({ channelId: 'another', entries: 0, fault: { channelId: 'another', offset: 1 } });
    // Two of six revisions were erased.
    expect(bridge).toMatchObject({ channelId: 'bridge', entries: 6, texts: 4, erased: 2, position: { offset: 6 } });
    expect(bridge).not.toHaveProperty('fault');
    expect(() => [...verifyDirectory(parent)]).toThrow(/no journal/);
  });
});

describe("the server's own journal", () => {
  const faultsIn = (dataDir: string) =>
    [...verifyDirectory(dataDir, { now: Date.now(), renderer, isListed: (kind) => kind !== null })].flatMap(({ fault }) =>
      fault === undefined ? [] : [[fault.channelId, fault.offset, fault.why]],
    );
  /** Also removes every row that refers to the channel. */
  const removed = ['entries', 'posts', 'tags'].map((table) => `DELETE FROM ${table} WHERE channel = 2`);
  const emptied =
    'salt = NULL, version = NULL, bytes = NULL, bodyBytes = NULL, headline = NULL, note = NULL, html = NULL, state = NULL';

  it('passes if it is unchanged, and says since when it covers changes', () => {
    const reports = [...verifyDirectory(copy(), { now: Date.now() })];
    expect(reports.at(-1)).toMatchObject({ channelId: null, entries: 5, coveredFrom: expect.stringMatching(/^20.*Z$/) });
    expect(reports.some(({ fault }) => fault)).toBe(false);
  });

  it('shows that a first revision was blanked and marked as erased', () => {
    const blanked = changedCopy(`UPDATE texts SET ${emptied} WHERE id = 8`, 'UPDATE posts SET erased = 1 WHERE channel = 2');
    expect(faultsIn(blanked)).toEqual([['another', 2, 'the text is missing, and no entry records its erasure']]);
  });

  it('shows that html names a renderer that no server here had', () => {
    const forged = changedCopy("UPDATE texts SET html = '<p>Forged</p>', version = 'md1-00000000' WHERE id = 5");
    expect(faultsIn(forged)).toEqual([['bridge', 5, 'the html of revision 1 has a version that no server here used']]);
  });

  it('can compare html for another address that a server here has used', async () => {
    const dataDir = copy();
    const other = createRenderer({ publicUrl: 'https://other.example' });
    await (await openSqlite({ dataDir, renderer: other })).close();
    const rendererFor = (publicUrl: string) => createRenderer({ publicUrl });
    const db = new DatabaseSync(join(dataDir, 'journal.db'));
    db.prepare("UPDATE texts SET html = '<p>Forged</p>', version = ? WHERE id = 5").run(other.version);
    db.close();
    const [, bridge] = [...verifyDirectory(dataDir, { renderer, rendererFor })];
    expect(bridge).toMatchObject({ fault: { offset: 5, why: 'the html of revision 1 differs from its rendered body' } });
  });

  it('shows that a revocation was deleted or shortened', () => {
    const forgotten = [[null, 5, 'a revoked token is no longer refused']];
    expect(faultsIn(changedCopy("DELETE FROM revoked WHERE jti = 'stolen'"))).toEqual(forgotten);
    expect(faultsIn(changedCopy("UPDATE revoked SET until = 1 WHERE jti = 'stolen'"))).toEqual(forgotten);
  });

  it('shows that a signed-out session was deleted or replaced, unless it has expired or a later one covers it', async () => {
    const dataDir = copy();
    const now = Date.now();
    const session = (id: string, begunAt: number) => ({ subject: 'of-ruth', id, begunAt, until: now + 600_000 });
    const engine = await openSqlite({ dataDir, renderer });
    for (let n = 0; n <= limits.endedSessionsOfSubject; n += 1) await engine.endSession(session(`s-${n}`, now + n), 'ruth');
    await engine.close();
    const db = new DatabaseSync(join(dataDir, 'journal.db'));
    onTestFinished(() => db.close());
    expect(faultsIn(dataDir)).toEqual([]);
    const last = 6 + limits.endedSessionsOfSubject;
    const back = [[null, last, 'a session that was signed out is no longer refused']];
    const [line] = db
      .prepare("DELETE FROM endedSessions WHERE line LIKE '% s-' || ? || ' %' RETURNING line")
      .all(String(limits.endedSessionsOfSubject));
    expect(faultsIn(dataDir)).toEqual(back);
    db.prepare('INSERT INTO endedSessions VALUES (?)').run(`${line?.line}`.replace(' s-', ' other-'));
    expect(faultsIn(dataDir)).toEqual(back);
    expect([...verifyDirectory(dataDir, { renderer, now: now + 600_000 })].flatMap(({ fault }) => fault ?? [])).toEqual([]);
  });

  it('shows that a channel was removed with everything in it, and that one was never created', () => {
    const dataDir = copy();
    const db = new DatabaseSync(join(dataDir, 'journal.db'));
    for (const sql of [...removed, "DELETE FROM channels WHERE id = 'another'"]) db.exec(sql);
    db.close();
    expect(faultsIn(dataDir)).toEqual([['another', 0, 'the channel is missing, but was not deleted']]);
    const made = changedCopy("UPDATE serverEntries SET type = 'journal.begun', subject = NULL WHERE subject = 'another'");
    expect(faultsIn(made)).toEqual([[null, 4, 'the entry was changed']]);
  });

  it.each([
    ['a fact', "UPDATE serverEntries SET by = 'adb' WHERE offset = 3", 3],
    ['a deleted entry', 'DELETE FROM serverEntries WHERE offset = 3', 3],
    ['its beginning', 'DELETE FROM serverEntries WHERE offset = 1', 1],
  ])('is refused at the start if it was changed: %s', async (_what, sql, offset) => {
    expect(await tampered(sql)).toMatch(new RegExp(`server journal fails verification: offset ${offset}: .*backup`));
  });

  it('is refused if all of it is missing', async () => {
    const dataDir = copy();
    const db = new DatabaseSync(join(dataDir, 'journal.db'));
    db.exec('DELETE FROM serverEntries');
    db.close();
    await expect(openSqlite({ dataDir, renderer })).rejects.toThrow(/server journal fails verification: offset 1/);
    expect(faultsIn(dataDir)).toEqual([[null, 1, 'the entry is missing']]);
  });
});

describe('the indexes behind lists and pages, which no check covers,', () => {
  // The sample entries are listed by this rule.
  const isListed = (kind: string | null) => kind !== null;
  const faultIn = (dataDir: string) => [...verifyDirectory(dataDir, { isListed })].find(({ fault }) => fault)?.fault;
  const bridge = 'WHERE channel = 1 AND';

  it('match the entries if they are unchanged', () => {
    expect(faultIn(copy())).toBeUndefined();
  });

  it.each([
    ['a correction that is left out of the list', `UPDATE entries SET listed = 0 ${bridge} offset = 3`, 3, /^the list of corr/],
    [
      'a publication in the list of corrections',
      `UPDATE entries SET listed = 1 ${bridge} offset = 5`,
      5,
      /^the list of corrections/,
    ],
    [
      'a deleted tag',
      `DELETE FROM tags ${bridge} seq = 5 AND tag = (SELECT min(tag) FROM tags WHERE seq = 5)`,
      5,
      /^the index differs/,
    ],
    ['a tag that the post does not have', "INSERT INTO tags (channel, tag, seq) VALUES (1, 'other', 5)", 5, /^the index differs/],
    [
      'the time of a post',
      `UPDATE posts SET publishedAt = '2026-11-24T12:00:00.001Z' ${bridge} seq = 5`,
      5,
      /^the index differs/,
    ],
    ['the pinned post', `UPDATE channels SET pinned = (SELECT id FROM posts WHERE seq = 5) WHERE n = 1`, 6, /^the index differs/],
    ['the access to the channel', "UPDATE channels SET access = 'desk' WHERE n = 1", 6, /^the index differs/],
    ['the state of the channel', "UPDATE channels SET state = 'ended' WHERE n = 1", 6, /^the index differs/],
    ['the time of the last activity', "UPDATE channels SET activity = '' WHERE n = 1", 6, /^the index differs/],
    ['the time of creation', 'UPDATE channels SET created = created + 1 WHERE n = 1', 6, /^the index differs/],
    ['the number of posts', 'UPDATE channels SET postCount = 2 WHERE n = 1', 6, /^the counts differ/],
    ['the number of key events', 'UPDATE channels SET keyEventCount = 1 WHERE n = 1', 6, /^the counts differ/],
    ['the number of corrections', 'UPDATE channels SET correctionCount = 0 WHERE n = 1', 6, /^the counts differ/],
  ])('are reported with the place if they were changed: %s', async (_what, sql, offset, why) => {
    expect(faultIn(changedCopy(sql))).toMatchObject({ channelId: 'bridge', offset, why: expect.stringMatching(why) });
    // A server does not compare html at its start.
    expect(await tampered(sql)).toBe('opened');
  });
});

describe('the html of a journal, which no check covers,', () => {
  const verified = (dataDir: string, by?: Renderer) =>
    verifyDirectory(dataDir, { channelId: 'bridge', renderer: by }).next().value;
  const forged = "UPDATE texts SET html = '<p>Forged</p>'";

  it('is what the bodies render to if it is unchanged', () => {
    const report = verified(copy(), renderer);
    expect(report).toMatchObject({ entries: 6, texts: 4, erased: 2, htmlNotCompared: 0 });
    expect(report).not.toHaveProperty('fault');
  });

  it.each([
    ['of a text', `${forged} WHERE id = 5`, { offset: 5, revision: 1 }],
    [
      'of a post without a body, which is the same for every address',
      `${forged}, version = 'other' WHERE id = 4`,
      { offset: 4, revision: 3 },
    ],
  ])('is reported with post and revision if it was changed: %s', (_where, sql, { offset, revision: number }) => {
    const { fault } = verified(changedCopy(sql), renderer) as ChannelReport;
    const why = `the html of revision ${number} differs from its rendered body`;
    expect(fault).toEqual({ channelId: 'bridge', offset, postId: offset === 5 ? standing : expect.any(String), why });
  });

  it('is counted as not compared if it was rendered for another public URL, or without a renderer', () => {
    const other = createRenderer({ publicUrl: 'https://other.example' });
    for (const [by, htmlNotCompared] of [
      [other, 1],
      [undefined, 2],
    ] as const) {
      const report = verified(changedCopy(`${forged} WHERE id = 5`), by);
      expect(report).toMatchObject({ entries: 6, texts: 4, htmlNotCompared });
      expect(report).not.toHaveProperty('fault');
    }
  });

  it('is not compared when a server starts', async () => {
    expect(await tampered(`${forged} WHERE id = 5`)).toBe('opened');
  });
});
