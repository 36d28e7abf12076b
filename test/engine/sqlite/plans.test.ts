import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { prepareAll } from '../../../src/journal/entry-record.ts';
import { tags } from '../../../src/journal/post-tags.ts';
import { append } from '../../../src/journal/sqlite/append.ts';
import { deleteChannel, eraseDeletedRows } from '../../../src/journal/sqlite/erasure.ts';
import * as reads from '../../../src/journal/sqlite/reads.ts';
import { note, reserve, sweepRequests, tagKey } from '../../../src/journal/sqlite/request-keys.ts';
import { revoke } from '../../../src/journal/sqlite/revoked-tokens.ts';
import { openForWriting } from '../../../src/journal/sqlite/schema.ts';
import { type Sql, statements } from '../../../src/journal/sqlite/statements.ts';
import { channelStates } from '../../../src/protocol/model.ts';
import {
  appending,
  channelEntry,
  newRequest,
  openTempEngine,
  publication,
  renderer,
  revision,
  sampleChannel,
  samplePost,
  type TempEngine,
  takedown,
  wide,
  writeTheBridge,
} from '../../support/stores/engines.ts';

let opened: TempEngine;
let db: DatabaseSync;
let standing: string;
/** Every statement that was executed, with its last parameters. */
let executed: Map<string, unknown[]>;
let sql: Sql;
beforeEach(async () => {
  opened = await openTempEngine();
  ({ standing } = await writeTheBridge(opened.engine));
  await opened.engine.close();
  db = openForWriting(join(opened.dataDir, 'journal.db'));
  executed = new Map();
  const prepared = statements(db);
  sql = (text) => {
    const statement = prepared(text);
    const noting =
      (call: (...given: never[]) => unknown) =>
      (...given: unknown[]) => {
        executed.set(text, given);
        return call.apply(statement, given as never[]);
      };
    const { run, get, all, iterate } = statement;
    return { run: noting(run), get: noting(get), all: noting(all), iterate: noting(iterate) } as unknown as typeof statement;
  };
});
afterEach(async () => {
  db.close();
  await opened.close();
});

/** The steps of SQLite's query plan for a statement. */
function planOf(text: string): string[] {
  const steps = db.prepare(`EXPLAIN QUERY PLAN ${text}`).all();
  return steps.map(({ detail }) => String(detail));
}

describe('the statements of the embedded journal', () => {
  it('find corrections by an index, not among all entries of the channel', () => {
    reads.corrections(sql, 'bridge', { limit: 50 });
    const [text] = [...executed.keys()].filter((statement) => statement.includes('past.note'));
    expect(planOf(text as string)[0]).toMatch(/^SEARCH e USING INDEX entriesListed /);
  });

  it.each([[['common', 'rare']], [['rare', 'common']]])(
    'find posts with several tags, given as %j, by the rarest of them',
    (names) => {
      const { n, root } = db.prepare("SELECT n, root FROM channels WHERE id = 'bridge'").get() as { n: number; root: string };
      const tagged = (name: string, seq: number) =>
        db.prepare('INSERT INTO tags (channel, tag, seq) VALUES (?, ?, ?)').run(n, tagKey(root, tags.source(name)), seq);
      for (const seq of [101, 102, 103]) tagged('common', seq);
      tagged('rare', 103);
      reads.posts(sql, 'bridge', { ...wide, tags: names.map(tags.source) });
      const [given] = [...executed].filter(([text]) => text.includes('EXISTS')).map(([, values]) => values);
      expect(given?.slice(0, 2)).toEqual([n, tagKey(root, tags.source('rare'))]);
    },
  );

  it('neither scan nor sort a table that grows with channels, posts or requests', () => {
    readEverything();
    writeEverything();
    const plans = [...executed.keys()].map((text) => ({ text, plan: planOf(text) }));
    expect(plans.length).toBeGreaterThan(40);
    const grows = /^SCAN (?:c|channels|p|posts|e|entries|t|texts|g|tags|r|requests|reservations|deleted)\b(?! VIRTUAL)/;
    const dear = plans.filter(({ plan }) => plan.some((step) => grows.test(step) || step.startsWith('USE TEMP B-TREE')));
    expect(dear).toEqual([]);
  });
});

function readEverything(): void {
  const request = newRequest();
  const start = reads.channel(sql, 'bridge');
  const { position } = start as Extract<typeof start, { status: 'found' }>;
  reads.channel(sql, 'gone');
  for (const query of [{}, { state: 'live' as const }]) reads.channels(sql, { ...query, limit: 50, desk: [] });
  for (const state of channelStates)
    for (const page of [{}, { page: '0.bridge' }])
      reads.channels(sql, { ...page, state, order: 'activity', limit: 50, desk: [] });
  reads.catchUp(sql, 'bridge', { ...position, offset: 0 }, wide);
  reads.catchUp(sql, 'bridge', position, wide);
  reads.snapshot(sql, 'bridge', wide);
  reads.post(sql, 'bridge', standing);
  for (const query of [{}, { after: 1 }, { tags: ['a'] }, { tags: ['a', 'b'] }])
    reads.posts(sql, 'bridge', { ...wide, ...query });
  reads.revisions(sql, 'bridge', standing, { ...wide, after: 0 });
  reads.corrections(sql, 'bridge', { limit: 50 });
  reads.journal(sql, 'bridge', { from: 1, limit: 50 });
  reads.entries(sql, 'bridge', { ...wide, from: 1 });
  reads.heads(sql, ['bridge']);
  reads.recall(sql, 'bridge', request, 0);
  reads.reserved(sql, request.id, 0);
  reads.serverJournal(sql, { from: 1, limit: 50 });
}

function writeEverything(): void {
  const id = 'written';
  const write = (entries: Parameters<typeof appending>[0]) => {
    const { request, decidedOn } = appending(entries);
    const prepared = prepareAll(id, entries, renderer);
    return append(sql, {
      channelId: id,
      request,
      decidedOn,
      entries: prepared,
      lastDateBindsUntil: undefined,
      root: undefined,
      serverFacts: [],
      requestAt: 1,
    });
  };
  const post = samplePost(id);
  const next = revision(post, { body: 'It was not so.' });
  const entries = [channelEntry(sampleChannel(id)), publication(post), next, takedown(next.post)];
  for (const entry of entries) expect(write([entry]).status).toBe('appended');
  const outcome = { position: undefined, postId: null, revision: 1 };
  note(sql, { channelId: id, request: newRequest(), outcome, requestAt: 1 });
  reserve(sql, { requestId: 'request', channelId: id, instead: undefined, requestAt: 1 });
  revoke(sql, { jti: 'token', until: 1, now: 1, by: 'root' });
  deleteChannel(sql, { channelId: id, request: newRequest(), requestAt: 1, now: 1, by: 'root' });
  eraseDeletedRows(sql);
  sweepRequests(sql, Number.MAX_SAFE_INTEGER, 1_000);
}
