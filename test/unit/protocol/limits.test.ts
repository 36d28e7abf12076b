import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { docPages } from '../../../scripts/docs.ts';
import { allLimits } from '../../../src/all-limits.ts';
import { readSources, root, withoutComments } from '../../support/runner/imports.ts';

/** Named numbers that limit nothing, or that someone else defined. */
const noLimits: Record<string, string> = {
  'src/http/compression.ts entryBytes': 'what an entry takes beside its bytes, counted within compressedBytes',
  'src/api/receive-upload.ts samplesInWindow': 'how often the speed of an upload is measured',
  'src/media/movie-boxes.ts length < 128': 'the form of a length',
  'src/media/movie-cleaning.ts brandBytes': 'how many brands of a file are read',
  'src/media/picture-size.ts pixelBytes: 4': 'the form of a picture',
  'src/telemetry/telemetry-limits.ts mediaAnswerMs: 4_000': 'how the server measures itself',
  'src/access/secret.ts secretBytes': 'how long a secret is that is made here',
  'src/access/sessions.ts renewalsWithinIdle': 'a share of a setting',
  'src/journal/hash-chain.ts poolBytes': 'random bytes that are made at a time',
  'src/journal/ended-sessions.ts sessionKeyBytes': 'how long a key is that is made here',
  'src/journal/entry-record.ts addressBytes': 'what an address has more than its reference, counted within eventBytes',
  'src/protocol/field-schemas.ts .max(1)': 'a share of a picture',
  'src/protocol/uploaded-media.ts mainWidth': 'which file is the url of a picture',
  'src/protocol/uploaded-media.ts cardWidth': 'which file is the picture of a link card',
  'src/journal/entry-record.ts envelopeBytes': 'what JSON has around a post, counted within eventBytes',
  'src/journal/sqlite/file-damage.ts sqliteReadOnly': 'a code of SQLite',
  'src/journal/sqlite/file-damage.ts sqliteCorrupt': 'a code of SQLite',
  'src/journal/sqlite/file-damage.ts sqliteCannotOpen': 'a code of SQLite',
  'src/journal/sqlite/file-damage.ts sqliteNotADatabase': 'a code of SQLite',
  'src/journal/sqlite/data-directory.ts copiedBytes': 'of a file, what is read and written at a time',
  'src/lock-file.ts sqliteBusy': 'a code of SQLite',
  'src/journal/sqlite/file-damage.ts sqliteFull': 'a code of SQLite',
  'src/journal/migrate/migrate-store.ts comparedAtOnce': 'how many channels are compared at a time',
  'src/media/byte-source.ts windowBytes': 'how much of a file is read at a time',
  'src/media/media-about.ts plainWidth': 'which rendition clients get that know none',
  'src/media/media-limits.ts hourMs': 'an hour',
  'src/media/render-process.ts niceness': 'the priority of a process',
  'src/media/media-kind.ts headBytes': 'how many bytes tell a type',
  'src/streams/delivery.ts readersAtATime': 'how many readers are checked in a row',
  'src/protocol/limit-table.ts value >= 1_000': 'from where milliseconds are told as seconds',
  'src/web/page-data/page-snapshot.ts minuteMs': 'how exactly a page tells when it was made',
  'src/live/socket/plain-websocket.ts twoBytesMore': 'the form of a frame',
  'src/live/socket/plain-websocket.ts shortestLength': 'the form of a frame',
  'src/web/pages/index.ts mostSettings': 'for how many languages the direction and the digits are kept',
  'src/web/excerpt.ts wordRoom': 'what is looked at behind a cut',
  'src/live/socket/socket-engine.ts pongLength': 'the form of a frame',
  'src/live/socket/engine-io-internals.ts webSocketOpen': 'a code of WebSockets',
  'src/web/corrections/word-diffs.ts entryBytes': 'what an entry takes beside its key and numbers, counted within wordDiffsBytes',
  'src/journal/activity-order.ts noDateTime': 'stands in a page for a date that is missing',
  'src/workers/primary.ts faultCode': 'an exit code',
  'src/journal/redis/connection/store-address.ts sentinelPort': 'the usual port of a Sentinel',
  'src/journal/redis/store-format.ts storeFormat': 'a version number',
  'src/telemetry/telemetry-limits.ts lagResolutionMs: 10': 'how the server measures itself',
  'src/telemetry/telemetry-limits.ts lagWindowMs: 15_000': 'how the server measures itself',
  'src/telemetry/telemetry-limits.ts storageLookMs: 10_000': 'how the server measures itself',
  'src/telemetry/telemetry-limits.ts lateMs: 500': 'from where a line of the log is written',
  'src/telemetry/telemetry-limits.ts lateLookMs: 5_000': 'how the server measures itself',
  'src/telemetry/telemetry-limits.ts slowWriteMs: 500': 'from where a line of the log is written',
  'src/telemetry/telemetry-limits.ts slowWriteLogMs: 60_000': 'how often a line of the log is written',
  'src/telemetry/telemetry-limits.ts importedAgeMs: 3_600_000': 'how the server measures itself',
};

const number = '[1-9][\\d_]*(?: \\* [\\d_]+)*';
const named = new RegExp(`^ *(?:export )?const (\\w+) = ${number};`, 'gm');
/** A delay, a limit on input, a quantity with a unit, or a compared number, except lengths in a WebSocket frame. */
const bare = new RegExp(
  [
    `\\b(?:setTimeout|setInterval|pause)\\((?:[^;\\n]*, )?${number}\\)`,
    `\\.max\\(${number}\\)`,
    `\\b(?:retryAfter|\\w*[tT]imeout): ${number}\\b`,
    `(?<!const )\\b\\w+(?:Ms|Seconds|Minutes|Hours|Days|Bytes|Characters|Most)(?:: number)?(?: =|:) ${number}(?=[,;)]| })`,
    `\\b(?!status\\b)\\w+(?: >=?| <=?) (?!126\\b|65_536\\b)(?:[1-9][\\d_]{2,}|\\d+ \\* \\d+)\\b`,
  ].join('|'),
  'g',
);

it('every limit of the server is in a table of limits', () => {
  const found: string[] = [];
  for (const [path, source] of readSources('src')) {
    const text = withoutComments(source);
    for (const [, name] of text.matchAll(named)) found.push(`${path} ${name}`);
    for (const [whole] of text.matchAll(bare)) found.push(`${path} ${whole}`);
  }
  expect(Object.keys(allLimits).length).toBeGreaterThan(100);
  // The limits of clients have their own names, which the wire table includes.
  const elsewhere = found.filter((what) => !what.startsWith('src/protocol/client-limits.ts '));
  expect(elsewhere.filter((what) => !(what in noLimits))).toEqual([]);
  expect(Object.keys(noLimits).filter((what) => !elsewhere.includes(what))).toEqual([]);
});

/** Figures in the docs that equal a limit by chance. */
const otherFigures: Record<string, string> = {
  'within (?:3|three) s(?:econds)?\\b': 'a promise of the contract',
  'within (?:5|five) s(?:econds)?\\b': 'a promise of the contract',
  'within 10 seconds': 'a promise of the contract',
  'within about five seconds': 'what two or three tries take',
  'within 6 s': 'what several limits add up to',
  '\\| 5 s after the faults': 'a bound of the simulation',
  'refuses messages above 1 MiB': "a bound of Apple's WebSocket",
  'holds 200 posts': 'a bound of the page',
  'A 99th percentile above 0\\.1 s': 'when to look at a disk',
  'nginx closes them after 60 s': 'a default of nginx',
  '1,000 slow connections': 'of a test',
  'have a photo in ten seconds': 'what a test measures',
  'forty lines': 'the length of a file',
  'says ten minutes before its end': 'when the desk tells that a session ends',
  'of every server every 15 seconds': 'the usual interval of scrapes',
  'in the last 15 to 30 seconds': 'one window of measurements, or two',
  'died or hung within ten minutes': 'of an alert',
  'Above 0\\.1 s readers notice': 'when readers notice',
  '^docs/guides/faults\\.md: ': 'what the drill measured',
};
const words = ['five', 'ten', 'fifteen', 'twenty', 'thirty', 'forty', 'fifty', 'sixty', 'hundred', 'thousand'];
const values = [5, 10, 15, 20, 30, 40, 50, 60, 100, 1_000];
const scales: Record<string, number> = { ms: 1, s: 1_000, second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const counted =
  'characters|posts|channels|events|entries|lines|tokens|sessions|authors|sources|media|connections|requests|versions';
const figure = new RegExp(
  `\\b(\\d[\\d,]*(?:\\.\\d+)?|${words.join('|')}) (?:(ms|s|(?:second|minute|hour|day)s?)|([KM]iB)|(?:[a-z]+ )?(?:${counted}))\\b`,
  'gi',
);

const known = new Set(Object.entries(allLimits).map(([name, value]) => inUnits(name, value)));

/** The figures in a text that equal a limit, each with its context. */
function limitsIn(path: string, text: string): string[] {
  return [...text.matchAll(figure)].flatMap(({ 0: whole, 1: said = '', 2: time, 3: size, index }) => {
    const at = words.indexOf(said.toLowerCase());
    const value = at >= 0 ? (values[at] as number) : Number(said.replaceAll(',', ''));
    const unit = time ? 'ms' : size ? 'bytes' : 'things';
    const scale = time ? scales[time.replace(/(?<=..)s$/, '')] : size === 'KiB' ? 1024 : size === 'MiB' ? 1024 * 1024 : 1;
    if (!known.has(`${value * (scale ?? 1)} ${unit}`)) return [];
    return `${path}: ${text.slice(Math.max(0, index - 30), index + whole.length + 20).replace(/\s+/g, ' ')}`;
  });
}

it('no sentence in the docs or the source contains a limit written by hand', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', ...docPages.filter((page) => !page.startsWith('docs/decisions/'))];
  const prose = pages.flatMap((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    return limitsIn(path, text.replace(/<!-- (?:generated|limit): [\s\S]*?<!-- end -->|^```[\s\S]*?^```/gm, ''));
  });
  const sentences = [...readSources('src', 'client')].flatMap(([path, source]) => limitsIn(path, withoutComments(source)));
  const found = [...prose, ...sentences];
  const others = Object.keys(otherFigures).map((phrase) => new RegExp(phrase, 'i'));
  expect(found.filter((place) => !others.some((phrase) => phrase.test(place)))).toEqual([]);
  expect(others.filter((phrase) => !found.some((place) => phrase.test(place)))).toEqual([]);
});

it('every limit is enforced somewhere', () => {
  const sources = [...readSources('src', 'client')].filter(([path]) => !/limits\.ts$/.test(path));
  const used = new Set(sources.flatMap(([, source]) => withoutComments(source).match(/\w+/g)));
  // The pattern of idempotency keys enforces this limit.
  expect(Object.keys(allLimits).filter((name) => !used.has(name))).toEqual(['idempotencyKeyCharacters']);
});

function inUnits(name: string, value: number): string {
  if (name.endsWith('Ms')) return `${value} ms`;
  if (name.endsWith('Seconds')) return `${value * 1_000} ms`;
  if (name.endsWith('Hours')) return `${value * 3_600_000} ms`;
  if (name.endsWith('Days')) return `${value * 86_400_000} ms`;
  return `${value} ${/Bytes(?:PerSecond)?$/.test(name) ? 'bytes' : 'things'}`;
}
