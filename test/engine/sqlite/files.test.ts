import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Announcement, JournalRefused, JournalUnavailable } from '../../../src/journal/engine.ts';
import { openSqlite } from '../../../src/journal/sqlite/index.ts';
import { migrate, migrations } from '../../../src/journal/sqlite/schema.ts';
import { sqliteLimits } from '../../../src/journal/sqlite/sqlite-limits.ts';
import { verifyDirectory } from '../../../src/journal/sqlite/verify.ts';
import type { ChannelState } from '../../../src/protocol/model.ts';
import { asNobody } from '../../support/runner/as-nobody.ts';
import {
  appended,
  appending,
  at,
  createChannel,
  newRequest,
  openTempEngine,
  publication,
  publish,
  renderer,
  retraction,
  samplePost,
  type TempEngine,
  wide,
  writeTheBridge,
} from '../../support/stores/engines.ts';

const appender = fileURLToPath(new URL('../../support/stores/powercut/appender.ts', import.meta.url));

let opened: TempEngine;
let file: string;
beforeEach(async () => {
  opened = await openTempEngine();
  file = join(opened.dataDir, 'journal.db');
});
afterEach(() => opened.close());

/** A process that appends to the directory. Resolves once it has acknowledged some appends. */
async function startAppender(dataDir: string, { answers = 20, umask = '077' } = {}) {
  const command = `umask ${umask} && exec "$0" "$@"`;
  const child = spawn('sh', ['-c', command, process.execPath, appender, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  await vi.waitFor(() => expect(said.split('\n').length).toBeGreaterThan(answers + 1));
  return {
    /** Kills the process. Returns the ids of the acknowledged posts. */
    async kill(): Promise<string[]> {
      child.kill('SIGKILL');
      await once(child, 'close');
      const lines = said.split('\n').slice(1, -1);
      const answers = lines.map((line) => line.split(' ')).filter(([first]) => first !== 'erased');
      return [...new Set(answers.map(([post]) => post as string))];
    },
  };
}

function modesIn(directory: string): [name: string, mode: string][] {
  const names = readdirSync(directory).sort();
  return names.map((name) => [name, (statSync(join(directory, name)).mode & 0o777).toString(8)]);
}

describe('a data directory', () => {
  it('is readable by its owner only, whatever the umask, even if it existed before', async () => {
    const dataDir = join(opened.dataDir, 'made-by-systemd');
    mkdirSync(dataDir, { mode: 0o755 });
    const theirs = await startAppender(dataDir, { answers: 1, umask: '000' });
    await theirs.kill();
    const names = ['journal.db', 'journal.db-shm', 'journal.db-wal', 'journal.lock'];
    expect(modesIn(dataDir)).toEqual(names.map((name) => [name, '600']));
  });

  it('removes the rights of other users from files of an earlier version, and from no others', async () => {
    const dataDir = join(opened.dataDir, 'made-before');
    mkdirSync(dataDir);
    await (await startAppender(dataDir, { answers: 1 })).kill();
    const names = ['journal.db', 'journal.db-shm', 'journal.db-wal', 'journal.db.bak', 'journal.lock', 'token-secret'];
    for (const name of [...names, 'readme.txt']) writeFileSync(join(dataDir, name), '', { flag: 'a' });
    for (const name of [...names, 'readme.txt']) chmodSync(join(dataDir, name), 0o644);
    const engine = await openSqlite({ dataDir, renderer });
    try {
      expect(modesIn(dataDir).sort()).toEqual([...names.map((name) => [name, '600']), ['readme.txt', '644']].sort());
    } finally {
      await engine.close();
    }
  });

  it('can be open once per process', async () => {
    const { id } = await createChannel(opened.engine);
    const second = openSqlite({ dataDir: opened.dataDir, renderer });
    await expect(second).rejects.toThrow(JournalRefused);
    await expect(second).rejects.toThrow(/in use by another Pressbox/);
    await publish(opened.engine, id);
    await opened.reopen();
  });

  it('can be open in one process only, and is released when that dies', async () => {
    const dataDir = join(opened.dataDir, 'theirs');
    const theirs = await startAppender(dataDir);
    await expect(openSqlite({ dataDir, renderer })).rejects.toThrow(/in use by another Pressbox/);
    const answered = await theirs.kill();
    const engine = await openSqlite({ dataDir, renderer });
    const ids = new Set<string>();
    let before: number | undefined;
    for (let more = true; more; ) {
      const page = (await engine.posts('power', before === undefined ? wide : { ...wide, before }))!;
      for (const post of page.posts) ids.add(post.id);
      ({ more } = page);
      before = page.posts.at(-1)?.seq;
    }
    expect(answered.filter((id) => !ids.has(id))).toEqual([]);
    await engine.close();
  });

  it('that cannot be used is reported', async () => {
    const path = join(opened.dataDir, 'a-file');
    writeFileSync(path, 'not a directory');
    const open = openSqlite({ dataDir: join(path, 'data'), renderer });
    await expect(open).rejects.toMatchObject({ name: 'JournalUnavailable', outcome: 'unchanged' });
  });

  it.for(['journal.db', 'journal.lock'])(
    'is not opened if its %s is read-only, as after a restore by another user',
    async (name) => {
      await opened.engine.close();
      const path = (of: string) => join(opened.dataDir, of);
      const modes = { '..': 0o755, '.': 0o777, 'journal.db': 0o666, 'journal.lock': 0o666, [name]: 0o444 };
      for (const [of, mode] of Object.entries(modes)) chmodSync(path(of), mode);
      const open = asNobody(() => openSqlite({ dataDir: opened.dataDir, renderer }));
      const message = `${path(name)} cannot be used: attempt to write a readonly database.`;
      await expect(open).rejects.toMatchObject({ name: 'JournalUnavailable', message: expect.stringContaining(message) });
      chmodSync(path(name), 0o644);
      await opened.reopen();
    },
  );

  it('leaves no log and no open file after closing', async () => {
    const { id } = await createChannel(opened.engine);
    await publish(opened.engine, id);
    await opened.engine.close();
    expect(existsSync(`${file}-wal`)).toBe(false);
    await opened.engine.close();
    const again = await opened.reopen();
    expect((await again.heads([id]))[0]?.offset).toBe(2);
  });
});

describe('a journal whose files are changed while it is open', () => {
  const refused = (name: string) => ({
    name: 'JournalUnavailable',
    outcome: 'unchanged',
    refusesToWrite: true,
    message: expect.stringMatching(new RegExp(`${name} is no longer the file that was opened`)),
  });

  it.for(['journal.db', 'journal.db-wal', 'journal.db-shm', 'journal.lock', '.'])(
    'writes nothing while %s is moved away, where the next start would not find it, and continues once it is back',
    async (name) => {
      const { engine, dataDir } = opened;
      const { id } = await createChannel(engine);
      const { seq } = await publish(engine, id);
      const [place, elsewhere] = [join(dataDir, name), join(dataDir, '..', 'elsewhere')];
      renameSync(place, elsewhere);
      await expect(publish(engine, id)).rejects.toMatchObject(refused(name === '.' ? 'journal.db' : name));
      await expect(engine.ready()).rejects.toThrow(/no longer the file/);
      // Acknowledged entries can still be read.
      expect((await engine.heads([id]))[0]?.offset).toBe(seq);
      renameSync(elsewhere, place);
      await engine.ready();
      expect((await publish(engine, id)).seq).toBe(seq + 1);
      const again = await opened.reopen();
      expect((await again.heads([id]))[0]?.offset).toBe(seq + 1);
    },
  );

  it('writes nothing if a copy replaced it, as when a backup is restored without stopping the server', async () => {
    const { engine } = opened;
    const { id } = await createChannel(engine);
    copyFileSync(file, `${file}.backup`);
    renameSync(`${file}.backup`, file);
    await expect(publish(engine, id)).rejects.toMatchObject(refused('journal.db'));
    await expect(engine.deleteChannel(id, newRequest(), 'root')).rejects.toMatchObject(refused('journal.db'));
    await expect(engine.ready()).rejects.toThrow(/no longer the file/);
  });
});

describe('a journal with a page that is damaged while it is open', () => {
  /** Overwrites the first page of a table with zeros, and makes connections read the file again. */
  function damage(table: string): void {
    const db = new DatabaseSync(file);
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const { rootpage } = db.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').get(table) as { rootpage: number };
    // In another process: if this one closed the file, it would lose its locks.
    const place = [`of=${file}`, 'bs=4096', `seek=${rootpage - 1}`, 'count=1', 'conv=notrunc'];
    expect(spawnSync('dd', ['if=/dev/zero', ...place]).status).toBe(0);
    db.exec("INSERT INTO revoked (jti, until) VALUES ('somebody', NULL)");
    db.close();
  }

  it('accepts no writes to any channel once a write has met the damaged page, and reports it', async () => {
    const { engine } = opened;
    const [id, other] = [(await createChannel(engine)).id, (await createChannel(engine)).id];
    await publish(engine, id);
    damage('postsById');
    const refused = {
      outcome: 'unchanged',
      refusesToWrite: true,
      message: expect.stringMatching(/until a restart: database disk image is malformed/),
    };
    await expect(publish(engine, id)).rejects.toMatchObject({ outcome: 'unchanged', refusesToWrite: true });
    await expect(publish(engine, other)).rejects.toMatchObject(refused);
    await expect(engine.revoke('token', null, 'root')).rejects.toMatchObject(refused);
    await expect(engine.ready()).rejects.toMatchObject({ message: refused.message });
    // The threads answered, so the age of the last comparison does not grow.
    expect(engine.comparedAgoMs).toBeLessThan(5_000);
    // Everything outside the damaged page can still be read.
    expect((await engine.snapshot(id, wide))?.channel.id).toBe(id);
  });

  it('reports it once a read has met the damaged page, and still reads the rest', async () => {
    const { engine } = opened;
    const { id } = await createChannel(engine);
    await engine.ready();
    damage('entries');
    await expect(engine.journal(id, { from: 1, limit: 10 })).rejects.toMatchObject({ name: 'JournalUnavailable' });
    await expect(engine.ready()).rejects.toThrow(`The journal ${file} is damaged: `);
    expect((await engine.channel(id)).status).toBe('found');
  });
});

it('the engine checkpoints a long log into the journal, and starts the log again', async () => {
  const { id } = await createChannel(opened.engine);
  const much = { body: 'Much. '.repeat(20_000) };
  let written = 0;
  for (; written < 3 * sqliteLimits.journalLogBytes; written += 20 * 2 * much.body.length)
    await Promise.all(Array.from({ length: 20 }, () => publish(opened.engine, id, much)));
  expect(statSync(`${file}-wal`).size).toBeLessThan(written / 2);
});

describe('a torn tail', () => {
  // Each damages the last bytes of the log of a killed process. Just after an erasure the log may be shorter than the cut.
  const lengthWithout = (bytes: number, wal: string) => Math.max(0, readFileSync(wal).length - bytes);
  const tears: [string, (wal: string) => void][] = [
    ['that lost a few bytes', (wal) => truncateSync(wal, lengthWithout(7, wal))],
    ['that lost some pages', (wal) => truncateSync(wal, lengthWithout(9_000, wal))],
    [
      'with garbled bytes',
      (wal) => {
        const bytes = readFileSync(wal);
        bytes.fill(0x5a, lengthWithout(5_000, wal));
        writeFileSync(wal, bytes);
      },
    ],
    ['followed by unrelated bytes', (wal) => writeFileSync(wal, Buffer.alloc(50_000, 7), { flag: 'a' })],
  ];
  it.each(tears)('%s is dropped: everything before it is kept, and the chain is valid', async (_name, tear) => {
    const dataDir = join(opened.dataDir, 'torn');
    const theirs = await startAppender(dataDir, { answers: 40 });
    const answered = await theirs.kill();
    tear(join(dataDir, 'journal.db-wal'));
    const engine = await openSqlite({ dataDir, renderer });
    const [head] = await engine.heads(['power']);
    const lines = (await engine.journal('power', { from: 1, limit: 10_000 }))!;
    expect(lines.entries.map(({ offset }) => offset)).toEqual(Array.from({ length: head!.offset }, (_, index) => index + 1));
    // All posts but the last few are left.
    expect(head!.offset).toBeGreaterThan(answered.length / 2);
    const after = await publish(engine, 'power');
    expect(after.seq).toBe(head!.offset + 1);
    await engine.close();
  });
});

/** Replaces the journal by what an earlier version would have written. */
function asOfVersion(dataDir: string, version: number): void {
  const path = join(dataDir, 'journal.db');
  const then = join(dataDir, 'then.db');
  const db = new DatabaseSync(then);
  migrate(db, migrations.slice(0, version));
  db.prepare('ATTACH ? AS now').run(path);
  const tables = db.prepare("SELECT name FROM main.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all();
  for (const { name } of tables) {
    const columns = db.prepare('SELECT name FROM pragma_table_info(?)').all(name as string);
    const listed = columns.map((column) => `"${column.name}"`).join(', ');
    db.exec(`DELETE FROM main."${name}"; INSERT INTO main."${name}" (${listed}) SELECT ${listed} FROM now."${name}"`);
  }
  db.close();
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true });
  renameSync(then, path);
}

describe('the schema', () => {
  it('is migrated from an older version, with all its data', async () => {
    const { id } = await createChannel(opened.engine);
    const post = await publish(opened.engine, id);
    await opened.engine.close();
    const db = new DatabaseSync(file);
    migrate(db, [...migrations, (to) => to.exec('ALTER TABLE posts ADD COLUMN tested INTEGER NOT NULL DEFAULT 7')]);
    expect(db.prepare('PRAGMA user_version').get()).toEqual({ user_version: migrations.length + 1 });
    expect(db.prepare('SELECT id, tested FROM posts').all()).toEqual([{ id: post.id, tested: 7 }]);
    db.close();
  });

  it('is migrated from the version before counts, and counts what every channel has', async () => {
    const { standing } = await writeTheBridge(opened.engine);
    await publish(opened.engine, 'another', { keyEvent: true, headline: 'Key' });
    await opened.engine.close();
    asOfVersion(opened.dataDir, 5);
    const isListed = (kind: string | null) => kind !== null;
    const faults = () => [...verifyDirectory(opened.dataDir, { isListed })].flatMap(({ fault }) => fault ?? []);
    expect(faults()).toEqual([]);
    const engine = await opened.reopen();
    const counts = async (id: string) => (await engine.snapshot(id, wide))?.counts;
    expect(await counts('bridge')).toEqual({ posts: 1, keyEvents: 0, corrections: 3 });
    expect(await counts('another')).toEqual({ posts: 1, keyEvents: 1, corrections: 0 });
    expect(faults()).toEqual([]);
    const post = (await engine.post('bridge', standing))?.post;
    await appended(engine, 'bridge', [retraction(post!)], { channel: 2 });
    expect(await counts('bridge')).toEqual({ posts: 0, keyEvents: 0, corrections: 4 });
  });

  it('gives every channel of an older version its place in lists by activity', async () => {
    const { engine, dataDir } = opened;
    await createChannel(engine, 'quiet', { startedAt: at(10) });
    await createChannel(engine, 'moving', { startedAt: at(0) });
    await publish(engine, 'moving', { publishedAt: at(20) });
    await createChannel(engine, 'soon', { state: 'scheduled', startsAt: at(30) });
    await createChannel(engine, 'some-day', { state: 'scheduled', startsAt: null });
    for (const seconds of [1, 3, 2]) await createChannel(engine, `over-${seconds}`, { state: 'ended', endedAt: at(seconds) });
    await engine.close();
    asOfVersion(dataDir, 5);
    const migrated = await opened.reopen();
    const ids = async (state: ChannelState) => {
      const read = await migrated.channels({ state, order: 'activity', limit: 10, desk: [] });
      return read?.channels.map(({ id }) => id);
    };
    expect(await ids('live')).toEqual(['moving', 'quiet']);
    expect(await ids('scheduled')).toEqual(['soon', 'some-day']);
    expect(await ids('ended')).toEqual(['over-3', 'over-2', 'over-1']);
    await publish(migrated, 'quiet', { publishedAt: at(40) });
    expect(await ids('live')).toEqual(['quiet', 'moving']);
  });

  it('is left unchanged if a step of the migration fails', async () => {
    await opened.engine.close();
    const db = new DatabaseSync(file);
    const failing = () => {
      db.exec('CREATE TABLE half (n INTEGER)');
      throw new Error('The step fails.');
    };
    expect(() => migrate(db, [...migrations, failing])).toThrow('The step fails.');
    expect(db.prepare("SELECT name FROM sqlite_master WHERE name = 'half'").all()).toEqual([]);
    db.close();
    await opened.reopen();
  });

  it('is refused if its version is newer, and nothing is changed', async () => {
    await opened.engine.close();
    const set = (version: number) => {
      const db = new DatabaseSync(file);
      db.exec(`PRAGMA user_version = ${version}`);
      db.close();
    };
    set(99);
    const copy = join(opened.dataDir, 'copy.db');
    copyFileSync(file, copy);
    await expect(opened.reopen()).rejects.toThrow(JournalRefused);
    await expect(opened.reopen()).rejects.toThrow(/newer Pressbox.*version 99/);
    expect(readFileSync(file).equals(readFileSync(copy))).toBe(true);
    set(migrations.length);
    await opened.reopen();
  });
});

describe('a thread that dies', () => {
  it('reports writes under way as unknown, refuses later ones, and announces that something may have been missed', async () => {
    const workers: Worker[] = [];
    const note = (worker: Worker) => workers.push(worker);
    process.on('worker', note);
    const engine = await opened.reopen();
    process.off('worker', note);
    const { id } = await createChannel(engine);
    const heard: Announcement[] = [];
    await engine.subscribe(id, (announcement) => heard.push(announcement));
    const append = () => engine.append(id, appending([publication(samplePost(id))]));
    const begun = Array.from({ length: 25 }, append);
    const ended = workers[0]?.terminate();
    // The first write may be acknowledged before the thread dies, these are not.
    begun.push(...Array.from({ length: 25 }, append));
    const outcomes = Promise.allSettled(begun);
    await ended;
    for (const settled of await outcomes) {
      if (settled.status === 'rejected') expect(settled.reason).toMatchObject({ name: 'JournalUnavailable', outcome: 'unknown' });
    }
    expect((await outcomes).some(({ status }) => status === 'rejected')).toBe(true);
    const late = engine.append(id, appending([publication(samplePost(id))]));
    await expect(late).rejects.toMatchObject({ name: 'JournalUnavailable', outcome: 'unchanged' });
    await expect(engine.ready()).rejects.toThrow(JournalUnavailable);
    expect(heard.at(-1)).toEqual({ type: 'maybe-missed' });
    // Reads continue, and a restart restores writes.
    expect((await engine.snapshot(id, wide))?.channel.id).toBe(id);
    const again = await opened.reopen();
    await publish(again, id);
  });
});

it('the engine forgets requests that are too old, a few at a time', async () => {
  let elapsed = 0;
  const { reopen } = opened;
  const engine = await reopen({ elapsed: () => elapsed });
  const { id } = await createChannel(engine);
  for (let count = 0; count < 9; count++) await publish(engine, id);
  const count = () => {
    const db = new DatabaseSync(file, { readOnly: true });
    const rows = db.prepare('SELECT count(*) AS rows FROM requests').get()?.rows;
    db.close();
    return rows;
  };
  expect(count()).toBe(10);
  elapsed += 25 * 3_600_000;
  const left = [];
  for (let round = 0; round < 4; round++) {
    await publish(engine, id);
    left.push(count());
  }
  expect(left).toEqual([7, 4, 3, 4]);
});

it('the engine creates the directory with its parents', async () => {
  const dataDir = join(opened.dataDir, 'some', 'where', 'deep');
  const engine = await openSqlite({ dataDir, renderer });
  await engine.close();
  expect(existsSync(join(dataDir, 'journal.db'))).toBe(true);
  mkdirSync(join(opened.dataDir, 'there'));
  await (await openSqlite({ dataDir: join(opened.dataDir, 'there'), renderer })).close();
});
