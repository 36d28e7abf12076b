import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { crc32, deflateSync } from 'node:zlib';
import { signLinkCode } from '../../../src/access/sign-in-links.ts';
import { signToken } from '../../../src/access/tokens.ts';
import { type Example, type ExampleRole, exampleRoles, keyOf } from '../../../src/apidocs/example.ts';
import { exampleCursor, exampleMediaId, hex } from '../../../src/apidocs/example-cursors.ts';
import { examples } from '../../../src/apidocs/examples.ts';
import type { RecordedAnswer } from '../../../src/apidocs/recorded-answers.ts';
import { addressOf, bodyOf, operationOf } from '../../../src/apidocs/shown-examples.ts';
import { messageExamples, messageKey } from '../../../src/apidocs/socket-messages.ts';
import { readConfig } from '../../../src/config.ts';
import { type PressboxServer, startServer } from '../../../src/server.ts';
import { openReader, type SocketReader } from '../readers/socket-reader.ts';
import { openStream, type StreamReader } from '../readers/stream-reader.ts';

/**
 * Sends the examples of the API documents to a real server with an embedded journal, in order. The clock advances by ten seconds with each
 * example, and random values (histories, hashes, entity tags of bytes) are replaced in both directions, so that the answers are always the
 * same.
 */
export interface Played {
  server: PressboxServer;
  /** By the `keyOf` of the example. */
  answers: Map<string, { example: Example; real: Response; text: string; recorded: RecordedAnswer }>;
  /** The acknowledgements and messages of the socket, by `messageKey`. */
  messages: Map<string, { real: unknown; recorded: unknown }>;
  /** The answers to requests repeated with the entity tag, by the `keyOf` of the example. */
  again: Map<string, number>;
  replacer: Replacer;
  token(role: ExampleRole): Promise<string>;
  /** The code of the role's sign-in link. */
  code(role: ExampleRole): Promise<string>;
  end(): Promise<void>;
}

export const examplesUrl = 'https://live.example.org';
const firstAt = Date.parse('2026-08-12T17:30:00.000Z');
/** Shorter than the time a connection may stall. With a larger step of the clock, the server would close connections as stalled. */
const stepMs = 10_000;

export async function playExamples(): Promise<Played> {
  const dataDir = await mkdtemp(join(tmpdir(), 'pressbox-examples-'));
  const clock = { now: firstAt };
  const config = readConfig({
    PRESSBOX_DATA_DIR: dataDir,
    PRESSBOX_PORT: '0',
    PRESSBOX_PUBLIC_URL: examplesUrl,
    PRESSBOX_SECURITY_CONTACT: 'security@example.org',
    PRESSBOX_LOG_LEVEL: 'silent',
    PRESSBOX_REQUESTS_PER_SECOND: '0',
    PRESSBOX_WRITES_PER_SECOND: '0',
  });
  const server = await startServer(config, { now: () => clock.now });
  const replacer = createReplacer();
  const token = (role: ExampleRole) => {
    const { sub, name, grants } = exampleRoles[role];
    return signToken(server.secret!, { sub, name, grants, ttlSeconds: 36_000, now: firstAt, jti: `example-${role}` });
  };
  const code = (role: ExampleRole) => {
    const { sub, name, grants } = exampleRoles[role];
    const times = { now: clock.now, usableSeconds: 900, sessionSeconds: 36_000 };
    return signLinkCode(server.secret!, { sub, name, grants, ...times, jti: `example-link-${role}` });
  };
  const played: Played = {
    server,
    answers: new Map(),
    messages: new Map(),
    again: new Map(),
    replacer,
    token,
    code,
    async end() {
      await server.close({ drainMs: 0 });
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  const { answers, messages, again } = played;
  const send = async (example: Example) => {
    const address = replacer.toReal(`${server.url}${addressOf(example)}`);
    const asked = await requestFor(example, played);
    // Not compressed, so that the examples show the tags of uncompressed answers.
    const request = { ...asked, headers: { ...asked.headers, 'accept-encoding': 'identity' } };
    const real = await fetch(address, request);
    const text = example.operation === 'stream' ? await firstBlocks(real) : await real.text();
    const etag = real.headers.get('etag');
    if (etag !== null && real.status === 200 && operationOf(example).optionalHeaders?.includes('If-None-Match')) {
      const { status } = await fetch(address, { ...request, headers: { ...request.headers, 'if-none-match': etag } });
      again.set(keyOf(example), status);
    }
    answers.set(keyOf(example), { example, real, text, recorded: record(example, real, text, replacer) });
  };
  let stream: StreamReader | undefined;
  const during = (phase: Example['during']) => examples.filter((example) => example.during === phase);
  try {
    for (const example of during(undefined)) {
      clock.now += stepMs;
      await send(example);
      stream ??= await openStream(server.url, 'eclipse-day');
    }
    clock.now += stepMs;

    using reader = await openReader(server.url, { token: await token('reader') });
    const hear = async (name: string, message: Promise<unknown>) => {
      const [example] = messageExamples.filter((one) => one.message === name && !messages.has(messageKey(one)));
      if (example === undefined) throw new Error(`There is no example left for ${name}.`);
      const real = await message;
      messages.set(messageKey(example), { real, recorded: JSON.parse(replacer.toExample(JSON.stringify(real))) });
    };
    for (const { message, body } of messageExamples) {
      if (body !== undefined) await hear(message, reader.ask(message, JSON.parse(replacer.toReal(JSON.stringify(body)))));
    }
    for (const channelId of ['eclipse-north', 'eclipse-south']) await reader.subscribe(channelId);
    for (const example of during('socket')) await send(example);
    await hear('event', heard(reader, 'event'));
    clock.now += stepMs;

    await withJournalHeld(dataDir, () => Promise.all(during('hold').map(send)));
    await hear('unsubscribed', heard(reader, 'unsubscribed'));

    const closed = server.close({ drainMs: 1_000 });
    await hear('drain', heard(reader, 'drain'));
    for (const example of during('drain')) await send(example);
    reader.destroy();
    for (const { message } of messageExamples.filter(({ over }) => over === 'stream'))
      await hear(message, heard(stream!, message));
    await closed;
    return played;
  } catch (error) {
    await played.end();
    throw error;
  }
}

/** A stream does not end by itself, so it is read up to the end of its catch-up. */
async function firstBlocks(stream: Response): Promise<string> {
  let text = '';
  for await (const bytes of stream.body!.pipeThrough(new TextDecoderStream())) {
    text += bytes;
    if (/\ndata: .*\n\n$/.test(text)) break;
  }
  return text;
}

const patienceMs = 30_000;

/** Waits for the first message of this name. */
async function heard(reader: SocketReader | StreamReader, name: string): Promise<unknown> {
  for (const until = Date.now() + patienceMs; Date.now() < until; await pause(5)) {
    const [first] = reader.heard(name);
    if (first !== undefined) return first;
  }
  throw new Error(`No message ${name} arrived.`);
}

async function requestFor(example: Example, { token, code, replacer }: Played): Promise<RequestInit> {
  const { as, link, body, file, type = 'application/json', headers = {} } = example;
  const bearer = example.token ?? (as && (await token(as))) ?? (link && (await code(link)));
  return {
    method: operationOf(example).method.toUpperCase(),
    redirect: 'manual',
    headers: {
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...((body ?? file) === undefined ? {} : { 'content-type': type }),
      ...headers,
    },
    ...(file === undefined ? {} : { body: blackSky() }),
    ...(body === undefined ? {} : { body: replacer.toReal(bodyOf(example, bearer) ?? '') }),
  };
}

/** The picture of the examples: 1,600 × 900 black pixels as PNG. */
function blackSky(): Buffer {
  const [width, height] = [1_600, 900];
  const chunk = (type: string, data: Buffer) => {
    const named = Buffer.concat([Buffer.from(type), data]);
    const framed = Buffer.alloc(8);
    framed.writeUInt32BE(data.length);
    framed.writeUInt32BE(crc32(named), 4);
    return Buffer.concat([framed.subarray(0, 4), named, framed.subarray(4)]);
  };
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0]);
  header.writeUInt32BE(width);
  header.writeUInt32BE(height, 4);
  const pixels = deflateSync(Buffer.alloc(height * (width + 1)));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

const recordedHeaders = [
  'content-type',
  'etag',
  'location',
  'link',
  'retry-after',
  'idempotency-replayed',
  'www-authenticate',
  'cache-control',
];

function record(example: Example, real: Response, text: string, replacer: Replacer): RecordedAnswer {
  const headers = Object.fromEntries(
    recordedHeaders.flatMap((name) => {
      const value = real.headers.get(name);
      return value === null ? [] : [[name, replacer.toExample(value)]];
    }),
  );
  const isProblem = headers['content-type'] === 'application/problem+json';
  const hasForm = operationOf(example).answers.some(({ status, schema }) => status === real.status && schema !== undefined);
  // Answers without a schema are pages, documents and metrics, which are not shown.
  const body = isProblem || (hasForm && text !== '') ? { body: JSON.parse(replacer.toExample(text)) as unknown } : {};
  return { status: real.status, headers, ...body };
}

async function withJournalHeld(dataDir: string, run: () => Promise<unknown>): Promise<void> {
  const reader = new DatabaseSync(join(dataDir, 'journal.db'), { readOnly: true });
  try {
    reader.exec('BEGIN');
    reader.prepare('SELECT count(*) FROM texts').get();
    await run();
  } finally {
    reader.close();
  }
}

export interface Replacer {
  /** Replaces random values by those of the documents. */
  toExample(text: string): string;
  /** Replaces the values of the documents by those of the server. */
  toReal(text: string): string;
}

function createReplacer(): Replacer {
  const epochs: string[] = [];
  const real = new Map<string, string>();
  const tags = new Map<string, string>();
  const withMediaId = (text: string) => {
    const [id] = /(?<="media:)[\w-]{22}(?=")|(?<=\/media\/[a-z-]+\/)[\w-]{22}(?=\/)/.exec(text) ?? [];
    if (id !== undefined) real.set(exampleMediaId, id);
    const known = real.get(exampleMediaId);
    return known === undefined ? text : text.replaceAll(known, exampleMediaId);
  };
  const nextTag = (tag: string) => {
    const known = tags.get(tag);
    if (known !== undefined) return known;
    const made = `"${Buffer.from(hex(50_000 + tags.size, 64), 'hex').toString('base64url')}"`;
    tags.set(tag, made);
    return made;
  };
  return {
    toExample: (text) =>
      withMediaId(text)
        .replace(/\b([0-9a-f]{12})\.(\d+)\.[0-9a-f]{16}\b/g, (cursor, epoch: string, offset: string) => {
          if (!epochs.includes(epoch)) epochs.push(epoch);
          const shown = exampleCursor(epochs.indexOf(epoch), Number(offset));
          real.set(shown, cursor);
          return shown;
        })
        .replace(/(?<=")[0-9a-f]{32}(?=")|(?<=")[0-9a-f]{40}(?=")|(?<=")[0-9a-f]{64}(?=")/g, (digits, at: number) =>
          hex(at, digits.length),
        )
        .replace(/"[\w-]{43}"/g, nextTag),
    toReal: (text) => [...real].reduce((so, [shown, cursor]) => so.replaceAll(shown, cursor), text),
  };
}
