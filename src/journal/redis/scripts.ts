import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { registry } from './keys.ts';
import { storeFormat } from './store-format.ts';

/** The scripts in `lua/`, one operation per file. Scripts on a channel begin with `shared.lua`. */
const operations = [
  'append',
  'catch-up',
  'change-format',
  'channel',
  'channel-summary',
  'channels-by-activity',
  'complete-erasures',
  'corrections',
  'delete-channel',
  'end-requests',
  'end-session',
  'ended-sessions',
  'entries',
  'fill',
  'forget-pending-channel',
  'forget-requests',
  'head',
  'heartbeat',
  'index-begin',
  'index-end',
  'journal',
  'missing-rights',
  'note-request',
  'pending-erasures',
  'place-channels',
  'post',
  'posts',
  'recall-request',
  'record-server-entry',
  'repair-begin',
  'repair-end',
  'repair-part',
  'request-clock',
  'reserve-channel-id',
  'reserved-channel-id',
  'revisions',
  'revoke-token',
  'revoked-tokens',
  'take-filling',
] as const;
export type Operation = (typeof operations)[number];

const standalone: readonly Operation[] = [
  'change-format',
  'channel-summary',
  'channels-by-activity',
  'end-session',
  'ended-sessions',
  'fill',
  'forget-pending-channel',
  'heartbeat',
  'index-begin',
  'index-end',
  'missing-rights',
  'record-server-entry',
  'request-clock',
  'reserve-channel-id',
  'reserved-channel-id',
  'revoke-token',
  'revoked-tokens',
  'take-filling',
];

/** Scripts that write to the server's own journal. */
const writesServerJournal: readonly Operation[] = [
  'append',
  'delete-channel',
  'end-session',
  'record-server-entry',
  'revoke-token',
];

/** Scripts that place a channel in the index of channels by activity. */
const placesChannels: readonly Operation[] = ['append', 'delete-channel', 'place-channels', 'repair-end'];

/** Scripts that read or change the state of that index. */
const usesIndexState: readonly Operation[] = ['channels-by-activity', 'heartbeat', 'index-begin', 'index-end'];

/**
 * Scripts that change what is stored, and therefore begin with `store-format.lua`. The others only read, or write what says
 * nothing about channels: heartbeats, and a key for sessions. Those of a migration check its mark.
 */
const changesStore: readonly Operation[] = [
  'append',
  'complete-erasures',
  'delete-channel',
  'end-requests',
  'end-session',
  'forget-pending-channel',
  'forget-requests',
  'index-begin',
  'index-end',
  'note-request',
  'place-channels',
  'record-server-entry',
  'repair-begin',
  'repair-end',
  'repair-part',
  'request-clock',
  'reserve-channel-id',
  'revoke-token',
];

/** What scripts return: bulk strings, integers, null, and lists of these. */
export type ReplyValue = string | number | null;
export type Reply = ReplyValue | ReplyValue[];

interface Script {
  text: string;
  sha: string;
  /** Whether the script checks the format of the store. */
  changesStore: boolean;
}

/** Reads the scripts from their files. */
export function loadScripts(): Record<Operation, Script> {
  const read = (name: string) => readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');
  const format = read('store-format');
  const shared = read('shared');
  const server = read('server-journal');
  const activity = read('activity');
  const indexState = read('index-state');
  const loaded = operations.map((name) => {
    const before = [
      ...(changesStore.includes(name) ? [format] : []),
      ...(standalone.includes(name) ? [] : [shared]),
      ...(placesChannels.includes(name) ? [activity] : []),
      ...(usesIndexState.includes(name) ? [indexState] : []),
      ...(writesServerJournal.includes(name) ? [server] : []),
    ];
    const text = [...before, read(name)].join('\n');
    const sha = createHash('sha1').update(text).digest('hex');
    return [name, { text, sha, changesStore: changesStore.includes(name) }] as const;
  });
  return Object.fromEntries(loaded) as Record<Operation, Script>;
}

export type Scripts = ReturnType<typeof loadScripts>;

/**
 * Runs a script by its hash. If Redis does not have the script, for example after a restart, the call changes nothing, and the
 * text is sent.
 */
export async function run(
  redis: Redis,
  { text, sha, changesStore }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<Reply> {
  const [allKeys, allArgs] = changesStore
    ? [
        [...keys, registry.format],
        [...args, storeFormat],
      ]
    : [keys, args];
  // Passed as an array, because the erasures of a channel may exceed the number of arguments that a function call can have.
  const rest = [allKeys.length, ...allKeys, ...allArgs];
  try {
    return (await redis.call('EVALSHA', [sha, ...rest])) as Reply;
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    return (await redis.call('EVAL', [text, ...rest])) as Reply;
  }
}
