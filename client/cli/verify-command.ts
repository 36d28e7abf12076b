import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { formatCursor, type Position, parseCursor } from '../../src/protocol/cursor.ts';
import type { AuthorPost, ListedChannel } from '../../src/protocol/model.ts';
import type { ChannelReport, VerifiedExport } from '../../src/verify.ts';
import { askedToWaitMs, Http, mayHelpToRepeat, NotPressbox, ProblemError, pause } from '../http.ts';
import { queryOf } from '../portable.ts';
import { asking, pauseMs } from '../reconnect.ts';
import { type AskingOptions, addServerOptions, CannotDo, checkedUrl, tellError, UsageError } from './asking.ts';
import { fileTrouble, whyCut } from './export-command.ts';
import { plainLine } from './plain.ts';
import { Progress } from './progress.ts';
import { type ShownHtml, shownHtmlOf } from './shown-html.ts';
import type { Env, Terminal } from './terminal.ts';

/**
 * `verify`: whether journals are what was written, of a server from outside, where they are kept, or of an export. The module that
 * knows the stores is loaded only here and only then.
 */
interface VerifyOptions extends AskingOptions {
  dataDir?: string;
  redis?: string | true;
  file?: string;
  since?: string;
}

const triesMost = 12;

export function addVerifyCommand(program: Command, env: Env, terminal: Terminal, done: (code: number) => void): void {
  addServerOptions(program.command('verify'), env)
    .description('Look whether what is kept is what was written: every fact, and every text that was not erased')
    .argument('[channel]', 'only this one; default: every channel')
    .option('--data-dir <path>', 'the journal in this directory, beside a running server or without one')
    .option('--redis [url]', 'the journals in a Redis or Valkey (PRESSBOX_REDIS_URL), beside the servers that use it')
    .option('--file <file>', 'the channels of an export')
    .option('--since <file>', 'what an earlier --json printed: whether everything of then still stands')
    .addHelpText(
      'after',
      `
Without --data-dir, --redis or --file it asks a server, with the token of an editor of the channel, or of all.
With --data-dir and --redis also the html of posts is looked at, if it was made for PRESSBOX_PUBLIC_URL: set it as for the server.
A copy of an earlier time holds in itself: only --since tells that something is missing.
Exit codes: 0 all holds, 1 something does not, 2 wrong usage.

Examples:
  $ pressbox verify moon-landing
  $ pressbox verify --data-dir ./data --json > verified.jsonl
  $ pressbox verify --redis redis://127.0.0.1:6379 --since verified.jsonl`,
    )
    .action(async (channelId: string | undefined, options: VerifyOptions) => done(await run(channelId, options)));

  async function run(channelId: string | undefined, options: VerifyOptions): Promise<number> {
    const { json = false } = options;
    const progress = new Progress(terminal.streams.stderr);
    let entries = 0;
    const onEntry = () => {
      entries += 1;
      if (entries % 64 === 0) progress.tell({ count: entries, counted: 'entries' });
    };
    try {
      const since = await earlier(options.since, channelId);
      const unseen = new Set(since.keys());
      let [channels, faults] = [0, 0];
      for await (const report of await reports(channelId, options, { since, onEntry })) {
        progress.clear();
        unseen.delete(report.channelId);
        channels += 1;
        if (report.fault !== undefined) faults += 1;
        tell(report, json);
      }
      progress.clear();
      for (const id of unseen) {
        faults += 1;
        const fault = { channelId: id, offset: 0, postId: null, why: 'the channel is not there any more' };
        tell({ channelId: id, entries: 0, texts: 0, erased: 0, htmlNotCompared: 0, position: undefined, fault }, json);
      }
      if (channelId !== undefined && channels === 0 && unseen.size === 0) throw new CannotDo(`There is no channel ${channelId}.`);
      // A file that was cut to nothing is none of an export, which has its channel at least.
      if (options.file !== undefined && channels === 0 && unseen.size === 0) throw new CannotDo('It holds no line of an export.');
      if (!json && channels === 0 && unseen.size === 0) terminal.print('There are no channels.');
      return faults > 0 ? 1 : 0;
    } catch (error) {
      progress.clear();
      return tellError(storeTrouble(fileTrouble(error, options.file)), terminal, { json });
    }
  }

  function tell({ position, fault, ...report }: ChannelReport, json: boolean): void {
    const { channelId, entries, texts, erased, htmlNotCompared } = report;
    if (json) {
      terminal.json({ ...report, cursor: position === undefined ? null : formatCursor(position), fault: fault ?? null });
      return;
    }
    const { style } = terminal;
    const [gone, unknown] = [
      erased > 0 ? `, ${number(erased)} erased` : '',
      htmlNotCompared > 0 ? `, html of ${number(htmlNotCompared)} not compared` : '',
    ];
    const counts = `${number(entries)} entries and ${number(texts)} texts hold${gone}${unknown}`;
    if (fault === undefined) return terminal.print(`${style.green('ok')}  ${style.bold(channelId)}  ${counts}`);
    const post = fault.postId === null ? '' : `, post ${fault.postId}`;
    const place = fault.offset === 0 ? '' : `offset ${fault.offset}${post}: `;
    terminal.print(`${style.red('NO')}  ${style.bold(channelId)}  ${place}${plainLine(fault.why)}. Before it ${counts}.`);
  }

  type Walking = { since: ReadonlyMap<string, Position>; onEntry: () => void };

  async function reports(
    channelId: string | undefined,
    { dataDir, redis, file, ...asking }: VerifyOptions,
    walking: Walking,
  ): Promise<AsyncIterable<ChannelReport> | Iterable<ChannelReport>> {
    if ([dataDir, redis, file].filter((where) => where !== undefined).length > 1) {
      throw new UsageError('Name one of --data-dir, --redis and --file.');
    }
    const { createRenderer, verifyDirectory, verifyExport, verifyRedis } = await import('../../src/verify.ts');
    const ofStore = async () => ({ channelId, renderer: createRenderer({ publicUrl: await ownPublicUrl() }), ...walking });
    if (dataDir !== undefined) return verifyDirectory(dataDir, await ofStore());
    if (redis !== undefined) {
      const url = redis === true ? env.PRESSBOX_REDIS_URL : redis;
      if (!url) throw new UsageError('Name the Redis with --redis <url>, or in PRESSBOX_REDIS_URL.');
      return verifyRedis({ url, ...(await ofStore()) });
    }
    if (file !== undefined) return ofFile(file, channelId, (lines) => verifyExport(lines, walking));
    return ofServer(channelId, asking, (lines) => verifyExport(lines, walking));
  }

  /** That of a server with the environment of the command. */
  async function ownPublicUrl(): Promise<string> {
    const { ConfigError, readPublicUrl } = await import('../../src/config.ts');
    try {
      return readPublicUrl(env);
    } catch (error) {
      throw error instanceof ConfigError ? new UsageError(error.message) : error;
    }
  }

  async function* ofFile(
    file: string,
    channelId: string | undefined,
    verify: (lines: AsyncIterable<string>) => AsyncGenerator<VerifiedExport>,
  ): AsyncGenerator<ChannelReport> {
    const input = file === '-' ? terminal.streams.stdin : createReadStream(file);
    for await (const { report } of verify(linesOf(input))) {
      if (channelId === undefined || report.channelId === channelId) yield report;
    }
  }

  async function* ofServer(
    channelId: string | undefined,
    { url, token: given }: AskingOptions,
    verify: (lines: AsyncIterable<string>) => AsyncGenerator<VerifiedExport>,
  ): AsyncGenerator<ChannelReport> {
    const token = given ?? env.PRESSBOX_TOKEN;
    const http = new Http({ url: checkedUrl(url), ...(token && { token }) });
    const { interrupted: signal } = terminal.streams;
    const compare = await shownHtmlOf((path) => unlessRefused(() => http.get(path, signal)));
    for await (const id of channelId === undefined ? channelsOf(http) : [channelId]) {
      const path = `/v1/channels/${encodeURIComponent(id)}`;
      const { body } = await repeated(() => http.download(`${path}/export`, signal));
      if (body === null) throw new CannotDo('The server answered with nothing.');
      for await (const { report, posts } of verify(linesOf(untilCut(body)))) {
        yield report.fault === undefined ? await withState(http, path, { report, posts, compare }) : report;
      }
    }
  }

  async function* untilCut(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      terminal.streams.interrupted.throwIfAborted();
      throw whyCut(error);
    }
  }

  /** What the server shows of each post must be what its last entry wrote, unless it was changed since. */
  async function withState(
    http: Http,
    path: string,
    { report, posts, compare }: VerifiedExport & { compare: (post: AuthorPost) => Promise<ShownHtml> },
  ): Promise<ChannelReport> {
    const { digestOfPost, wrongHtml } = await import('../../src/verify.ts');
    const notWritten = 'what the server shows of the post is not what its last entry wrote';
    let { htmlNotCompared } = report;
    for (let before: number | undefined, more = true; more; ) {
      const query = queryOf({ limit: 100, before });
      const { body } = await repeated(() => http.get(`${path}/posts${query}`, terminal.streams.interrupted));
      const page = body as { posts: AuthorPost[]; more: boolean };
      for (const post of page.posts) {
        const last = posts.get(post.id);
        posts.delete(post.id);
        before = post.seq;
        if (last === undefined || post.revision > last.revision) continue;
        const isWritten = post.revision === last.revision && digestOfPost(post) === last.digest;
        const html = isWritten ? await compare(post) : 'unknown';
        if (html === 'same') htmlNotCompared -= 1;
        if (isWritten && html !== 'differs') continue;
        const why = isWritten ? wrongHtml(post.revision) : notWritten;
        return { ...report, htmlNotCompared, fault: { channelId: report.channelId, offset: last.offset, postId: post.id, why } };
      }
      more = page.more;
    }
    const [missing] = posts;
    if (missing === undefined) return { ...report, htmlNotCompared };
    const [postId, { offset }] = missing;
    const why = 'the server does not show the post';
    return { ...report, htmlNotCompared, fault: { channelId: report.channelId, offset, postId, why } };
  }

  async function* channelsOf(http: Http): AsyncGenerator<string> {
    for (let page: string | null | undefined; page !== null; ) {
      const query = queryOf({ limit: 100, page });
      const answer = await repeated(() => http.get(`/v1/channels${query}`, terminal.streams.interrupted));
      const body = answer.body as { channels: ListedChannel[]; next: string | null };
      for (const { id } of body.channels) yield id;
      page = body.next;
    }
  }

  /** Undefined: it is not to be had there. */
  async function unlessRefused<T>(ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await repeated(ask);
    } catch (error) {
      if (error instanceof NotPressbox || (error instanceof ProblemError && !mayHelpToRepeat(error))) return undefined;
      throw error;
    }
  }

  /** A walk asks much of a server, which may say to wait. */
  async function repeated<T>(ask: () => Promise<T>): Promise<T> {
    for (let tries = 0; ; tries += 1) {
      try {
        return await ask();
      } catch (error) {
        if (tries >= triesMost || !mayHelpToRepeat(error)) throw error;
        await pause(pauseMs(tries, Math.random(), asking, askedToWaitMs(error)), terminal.streams.interrupted);
      }
    }
  }
}

/** Where channels stood when an earlier verification said so. */
async function earlier(file: string | undefined, channelId: string | undefined): Promise<Map<string, Position>> {
  const stood = new Map<string, Position>();
  if (file === undefined) return stood;
  for (const line of (await readFile(file, 'utf8')).split('\n').filter(Boolean)) {
    const report = objectIn(line, file) as { channelId?: unknown; cursor?: unknown };
    const position = typeof report.cursor === 'string' ? parseCursor(report.cursor) : undefined;
    if (typeof report.channelId !== 'string' || (channelId !== undefined && report.channelId !== channelId)) continue;
    if (position !== undefined) stood.set(report.channelId, position);
  }
  return stood;
}

function objectIn(line: string, file: string): object {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Told below.
  }
  throw new UsageError(`${file} is not what pressbox verify --json prints.`);
}

/** At line feeds alone: the reader of lines that Node has ends them at signs that stand in texts, too. */
async function* linesOf(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let held = '';
  for await (const chunk of chunks) {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const lines = (held + text).split('\n');
    held = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield line;
  }
  if (held !== '') yield held;
}

/** What a store says is nothing that a server refused, and no fault of the program. */
function storeTrouble(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === 'JournalRefused' || error.name === 'JournalUnavailable') return new CannotDo(error.message);
  if (error instanceof SyntaxError) return new CannotDo('It holds a line that is none of an export.');
  return error;
}

function number(value: number): string {
  return value.toLocaleString('en');
}
