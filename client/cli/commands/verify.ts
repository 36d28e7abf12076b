import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { formatCursor, type Position, parseCursor } from '../../../src/protocol/cursor.ts';
import type { ChannelReport, SeenEntry, ServerReport } from '../../../src/verify.ts';
import { Http } from '../../lib/http.ts';
import { asFileError, CommandFailed, printError, UsageError } from '../command-errors.ts';
import { counted } from '../counted.ts';
import { parseChannelId } from '../option-values.ts';
import { ProgressLine } from '../progress-line.ts';
import { addServerOptions, type RequestOptions, retrying, retryNotice, serverOf } from '../server-requests.ts';
import { splitLines } from '../split-lines.ts';
import { asStoreError, redisUrlFrom } from '../store-options.ts';
import type { Env, Terminal } from '../terminal.ts';
import { plainLine } from '../terminal-text.ts';
import { isFaulty, type MediaPlace, type MediaReport, mediaFaults, mediaOfServer, NamedMedia } from './verify-media.ts';
import { type VerifyExport, verifyServer } from './verify-server.ts';
import { VerifySummary, writeVerifyMetrics } from './verify-summary.ts';

/**
 * `verify`: checks journals against their hash chains, on a server, in a store, or in an export. The module that knows the stores
 * is loaded only here.
 */
interface VerifyOptions extends RequestOptions {
  dataDir?: string;
  redis?: string | true;
  file?: string;
  since?: string;
  mediaDir?: string;
  media?: boolean;
  metrics?: string;
}

export function addVerifyCommand(program: Command, env: Env, terminal: Terminal, done: (code: number) => void): void {
  addServerOptions(program.command('verify'), env)
    .description('Check that the journal still is what was written: every fact, and every text that was not erased')
    .argument('[channel]', 'only this one; default: every channel', parseChannelId)
    .option('--data-dir <path>', 'the journal in this directory, with or without a running server')
    .option('--redis [url]', 'the journals in a Redis or Valkey (PRESSBOX_REDIS_URL); its servers may run')
    .option('--file <file>', 'the channels of an export')
    .option('--media-dir <path>', 'the uploads of that store (PRESSBOX_MEDIA_DIR); default: media in the data directory')
    .option('--media', 'on a server: download the uploads that posts use, too, and compare their hashes')
    .option('--since <file>', 'the output of an earlier --json: check that everything from then still exists')
    .option('--metrics <file>', 'also write what was found as metrics, for the node exporter of Prometheus')
    .addHelpText(
      'after',
      `
It also names uploads that posts use and that are missing or damaged.
Without --data-dir, --redis or --file it verifies a server, with an editor token for the channel, or for all channels.
With --data-dir and --redis it also checks the html of posts made for PRESSBOX_PUBLIC_URL: set it as for the server.
An outdated copy is consistent in itself: only --since detects that something is missing. It sums up the channels that
are intact instead of listing them.
Exit codes: 0 everything is intact, 1 something is not, 2 wrong usage.

Examples:
  $ pressbox verify moon-landing
  $ pressbox verify --data-dir ./data --json > verified.jsonl
  $ pressbox verify --redis redis://127.0.0.1:6379 --since verified.jsonl`,
    )
    .action(async (channelId: string | undefined, options: VerifyOptions) => done(await run(channelId, options)));

  async function run(channelId: string | undefined, options: VerifyOptions): Promise<number> {
    const { json = false } = options;
    const began = performance.now();
    const progress = new ProgressLine(terminal.streams.stderr);
    let entries = 0;
    const named = new NamedMedia();
    const onEntry = (seen: SeenEntry) => {
      named.take(seen);
      entries += 1;
      if (entries % 64 === 0) progress.update({ count: entries, counted: 'entries' });
    };
    try {
      const since = await readEarlierPositions(options.since, channelId);
      const summary = options.since === undefined || json ? undefined : new VerifySummary();
      const unseen = new Set(since.keys());
      // An export contains only channels.
      if (options.file !== undefined) unseen.delete(serverJournalId);
      let [channels, faults] = [0, 0];
      const onRetry = retryNotice(terminal, progress);
      const place = await mediaPlace(options, onRetry);
      for await (const report of await reports(channelId, options, { since, onEntry }, onRetry)) {
        progress.clear();
        unseen.delete(report.channelId ?? serverJournalId);
        if (report.fault !== undefined) faults += 1;
        if (report.channelId === null) {
          tellServer(report, json);
          continue;
        }
        channels += 1;
        const id = report.channelId;
        let media = place && report.fault === undefined ? await named.compare(id, place) : undefined;
        if (media !== undefined && isFaulty(media) && place !== undefined) {
          // Posts may have been withdrawn since the journal was read.
          for await (const _ of await reports(id, options, { since: new Map(), onEntry }, onRetry));
          media = await named.compare(id, place);
        }
        if (media !== undefined && isFaulty(media)) faults += 1;
        if (summary !== undefined && report.fault === undefined && !(media !== undefined && isFaulty(media)))
          summary.add(report, since.get(id));
        else tell(report, json, media);
      }
      progress.clear();
      for (const id of unseen) {
        faults += 1;
        if (id === serverJournalId) {
          const gone = { channelId: null, offset: 0, postId: null, why: "the server's own journal no longer exists" };
          tellServer({ channelId: null, entries: 0, coveredFrom: null, position: undefined, fault: gone }, json);
          continue;
        }
        const fault = { channelId: id, offset: 0, postId: null, why: 'the channel no longer exists' };
        tell(
          {
            channelId: id,
            entries: 0,
            texts: 0,
            erased: 0,
            erasedBeforeChained: 0,
            htmlNotCompared: 0,
            position: undefined,
            fault,
          },
          json,
        );
      }
      if (summary !== undefined && summary.channels > 0) {
        const { style } = terminal;
        terminal.print(`${style.green('ok')}  ${style.bold(counted(summary.channels, 'channel'))}  ${summary}`);
      }
      if (channelId !== undefined && channels === 0 && unseen.size === 0)
        throw new CommandFailed(`There is no channel ${channelId}.`);
      // A truncated file without lines is not an export, which has at least its channel.
      if (options.file !== undefined && channels === 0 && unseen.size === 0)
        throw new CommandFailed('It contains no line of an export.');
      if (!json && channels === 0 && unseen.size === 0) terminal.print('There are no channels.');
      const seconds = (performance.now() - began) / 1_000;
      if (options.metrics !== undefined) await writeVerifyMetrics(options.metrics, { channels, faults, seconds });
      return faults > 0 ? 1 : 0;
    } catch (error) {
      progress.clear();
      return printError(asExportError(asStoreError(asFileError(error, options.file))), terminal, { json });
    }
  }

  /** Undefined if the uploads are not verified: an export has none, and a Redis does not say where they are. */
  async function mediaPlace(options: VerifyOptions, onRetry: (error: Error) => void): Promise<MediaPlace | undefined> {
    const { dataDir, redis, file, mediaDir, media = false } = options;
    if (file !== undefined) return undefined;
    if (dataDir === undefined && redis === undefined) {
      const { interrupted } = terminal.streams;
      const http = new Http(serverOf(options, env));
      return mediaOfServer({ http, interrupted, retrying: retrying(onRetry, interrupted), comparesFiles: media });
    }
    const directory = mediaDir ?? (env.PRESSBOX_MEDIA_DIR || (dataDir && join(dataDir, 'media')));
    if (directory === undefined || directory === '') return undefined;
    const { isMediumWhole, storedMediaIds } = await import('../../../src/verify.ts');
    return {
      ids: (channelId) => storedMediaIds(directory, channelId),
      isWhole: (channelId, id) => isMediumWhole(directory, channelId, id),
    };
  }

  function tell({ position, fault, ...report }: ChannelReport, json: boolean, media?: MediaReport): void {
    const { channelId, entries, texts, erased, erasedBeforeChained, htmlNotCompared } = report;
    if (json) {
      const cursor = position === undefined ? null : formatCursor(position);
      terminal.json({ ...report, cursor, fault: fault ?? null, ...(media && { media }) });
      return;
    }
    const { style } = terminal;
    const [gone, before, unknown] = [
      erased > 0 ? `, ${formatNumber(erased)} erased` : '',
      erasedBeforeChained > 0 ? ` (${formatNumber(erasedBeforeChained)} before erasures were chained)` : '',
      htmlNotCompared > 0 ? `, html of ${formatNumber(htmlNotCompared)} not compared` : '',
    ];
    const counts = `${formatNumber(entries)} entries and ${formatNumber(texts)} texts hold${gone}${before}${unknown}`;
    if (fault === undefined && media !== undefined && isFaulty(media)) {
      return terminal.print(`${style.red('NO')}  ${style.bold(plainLine(channelId))}  ${counts}, but ${mediaFaults(media)}.`);
    }
    if (fault === undefined)
      return terminal.print(`${style.green('ok')}  ${style.bold(plainLine(channelId))}  ${counts}${mediaCounts(media)}`);
    const post = fault.postId === null ? '' : `, post ${fault.postId}`;
    const place = fault.offset === 0 ? '' : `offset ${fault.offset}${post}: `;
    terminal.print(
      `${style.red('NO')}  ${style.bold(plainLine(channelId))}  ${place}${plainLine(fault.why)}. Before it ${counts}.`,
    );
  }

  /** What the server and its administrators did. */
  function tellServer({ position, fault, ...report }: ServerReport, json: boolean): void {
    if (json) {
      terminal.json({ ...report, cursor: position === undefined ? null : formatCursor(position), fault: fault ?? null });
      return;
    }
    const { style } = terminal;
    const name = style.bold("the server's own journal");
    const { entries, coveredFrom, isUnseen } = report;
    const place = fault?.offset ? `offset ${fault.offset}: ` : '';
    if (fault !== undefined) return terminal.print(`${style.red('NO')}  ${name}  ${place}${plainLine(fault.why)}.`);
    if (isUnseen) return terminal.print(`--  ${name}  not verified: requires an admin token`);
    if (coveredFrom === null)
      return terminal.print(`--  ${name}  does not exist yet: a server of this version creates it when it starts`);
    const since = `what was before ${coveredFrom} is not covered`;
    terminal.print(`${style.green('ok')}  ${name}  ${formatNumber(entries)} entries hold; ${since}`);
  }

  type WalkOptions = { since: ReadonlyMap<string, Position>; onEntry: (seen: SeenEntry) => void };

  async function reports(
    channelId: string | undefined,
    { dataDir, redis, file, ...asking }: VerifyOptions,
    walking: WalkOptions,
    onRetry: (error: Error) => void,
  ): Promise<AsyncIterable<Report> | Iterable<Report>> {
    if ([dataDir, redis, file].filter((where) => where !== undefined).length > 1) {
      throw new UsageError('Name one of --data-dir, --redis and --file.');
    }
    const { createRenderer, verifyDirectory, verifyExport, verifyRedis } = await import('../../../src/verify.ts');
    const ofStore = async () => ({ channelId, renderer: createRenderer({ publicUrl: await ownPublicUrl() }), ...walking });
    if (dataDir !== undefined) return verifyDirectory(dataDir, await ofStore());
    if (redis !== undefined) {
      const url = redisUrlFrom(redis, { env, terminal, json: asking.json === true });
      return verifyRedis({ url, ...(await ofStore()) });
    }
    const verify: VerifyExport = (chunks, records) => verifyExport(splitLines(chunks), { ...walking, records });
    if (file !== undefined) return ofFile(file, channelId, verify);
    const http = new Http(serverOf(asking, env));
    const { interrupted } = terminal.streams;
    return verifyServer({ http, channelId, verify, interrupted, onRetry, since: walking.since.get(serverJournalId) });
  }

  /** The public URL that a server with this environment would use. */
  async function ownPublicUrl(): Promise<string> {
    const { ConfigError, readPublicUrl } = await import('../../../src/config.ts');
    try {
      return readPublicUrl(env);
    } catch (error) {
      throw error instanceof ConfigError ? new UsageError(error.message) : error;
    }
  }

  async function* ofFile(file: string, channelId: string | undefined, verify: VerifyExport): AsyncGenerator<ChannelReport> {
    const input = file === '-' ? terminal.streams.stdin : createReadStream(file);
    for await (const { report } of verify(input)) {
      if (channelId === undefined || report.channelId === channelId) yield report;
    }
  }
}

type Report = ChannelReport | ServerReport;

function mediaCounts(media: MediaReport | undefined): string {
  const { used = 0, unreferenced = 0 } = media ?? {};
  const many = (count: number, what: string) => `${count.toLocaleString('en')} upload${count === 1 ? '' : 's'}${what}`;
  return `${used > 0 ? `, ${many(used, '')}` : ''}${unreferenced > 0 ? `, ${many(unreferenced, ' that no revision names')}` : ''}`;
}

/** The id that stands for the server's own journal among the channels. */
const serverJournalId = '';

/** The positions of channels and of the server's own journal at an earlier verification. */
async function readEarlierPositions(file: string | undefined, channelId: string | undefined): Promise<Map<string, Position>> {
  const stood = new Map<string, Position>();
  if (file === undefined) return stood;
  for (const line of (await readFile(file, 'utf8')).split('\n').filter(Boolean)) {
    const report = objectIn(line, file) as { channelId?: unknown; cursor?: unknown };
    const id = report.channelId === null ? serverJournalId : report.channelId;
    const position = typeof report.cursor === 'string' ? parseCursor(report.cursor) : undefined;
    // If an invalid line were skipped, the channel would falsely be reported as complete.
    if (typeof id !== 'string' || (position === undefined && report.cursor !== null)) throw notAReportError(file);
    if (channelId !== undefined && id !== channelId) continue;
    if (position !== undefined) stood.set(id, position);
  }
  return stood;
}

function objectIn(line: string, file: string): object {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Invalid JSON is reported below.
  }
  throw notAReportError(file);
}

function notAReportError(file: string): UsageError {
  return new UsageError(`${file} is not the output of pressbox verify --json.`);
}

function asExportError(error: unknown): unknown {
  return error instanceof SyntaxError ? new CommandFailed('It contains a line that is not from an export.') : error;
}

function formatNumber(value: number): string {
  return value.toLocaleString('en');
}
