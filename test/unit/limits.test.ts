import { expect, it } from 'vitest';
import { allLimits } from '../../src/limits.ts';
import { readSources, withoutComments } from '../support/imports.ts';

/** Numbers with a name that bound nothing, or that somebody else set. */
const noLimits: Record<string, string> = {
  'src/edge/compression.ts entryBytes': 'what an entry takes beside its bytes, counted within compressedBytes',
  'src/edge/secret.ts secretBytes': 'how long a secret is that is made here',
  'src/edge/sessions.ts renewalsWithinIdle': 'a share of a setting',
  'src/engine/chain.ts poolBytes': 'random bytes that are made at a time',
  'src/engine/ended-sessions.ts sessionKeyBytes': 'how long a key is that is made here',
  'src/engine/record.ts envelopeBytes': 'what JSON has around a post, counted within eventBytes',
  'src/engine/embedded/damage.ts sqliteReadOnly': 'a code of SQLite',
  'src/engine/embedded/damage.ts sqliteCorrupt': 'a code of SQLite',
  'src/engine/embedded/damage.ts sqliteCannotOpen': 'a code of SQLite',
  'src/engine/embedded/damage.ts sqliteNotADatabase': 'a code of SQLite',
  'src/engine/embedded/directory.ts copiedBytes': 'of a file, what is read and written at a time',
  'src/engine/embedded/directory.ts sqliteBusy': 'a code of SQLite',
  'src/engine/embedded/damage.ts sqliteFull': 'a code of SQLite',
  'src/fanout/rounds.ts askedAtATime': 'readers who are looked at in a row, of all that are',
  'src/reader/plain-websocket.ts twoBytesMore': 'the form of a frame',
  'src/reader/plain-websocket.ts shortestLength': 'the form of a frame',
  'src/reader/post-text.ts wordRoom': 'what is looked at behind a cut',
  'src/reader/socket-engine.ts pongLength': 'the form of a frame',
  'src/reader/socket-pipe.ts webSocketOpen': 'a code of WebSockets',
  'src/reader/socket-pipe.ts webSocketClosed': 'a code of WebSockets',
  'src/reader/word-diffs.ts entryBytes': 'what an entry takes beside its key and numbers, counted within wordDiffsBytes',
  'src/workers/primary.ts faultCode': 'an exit code',
};

const number = '[1-9][\\d_]*(?: \\* [\\d_]+)*';
const named = new RegExp(`^(?:export )?const (\\w+) = ${number};`, 'gm');
/** A wait, or a bound of what comes in. */
const bare = new RegExp(
  `\\b(?:setTimeout|setInterval|pause)\\((?:[^;\\n]*, )?${number}\\)|\\.max\\(${number}\\)|\\b(?:retryAfter|\\w*[tT]imeout): ${number}\\b`,
  'g',
);

it('no limit of the server is a number without a place in the table of limits', () => {
  const found: string[] = [];
  for (const [path, source] of readSources('src')) {
    const text = withoutComments(source);
    for (const [, name] of text.matchAll(named)) found.push(`${path} ${name}`);
    for (const [whole] of text.matchAll(bare)) found.push(`${path} ${whole}`);
  }
  expect(Object.keys(allLimits).length).toBeGreaterThan(100);
  // What clients heed has a name of its own, which the table of the wire takes up.
  const elsewhere = found.filter((what) => !what.startsWith('src/protocol/client-limits.ts '));
  expect(elsewhere.filter((what) => !(what in noLimits))).toEqual([]);
  expect(Object.keys(noLimits).filter((what) => !elsewhere.includes(what))).toEqual([]);
});
