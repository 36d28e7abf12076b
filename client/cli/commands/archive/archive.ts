import { type Command, InvalidArgumentError } from 'commander';
import { Http, ProblemError } from '../../../lib/http.ts';
import { confirmErasure } from '../../change-confirmation.ts';
import { asFileError, CommandFailed, printError } from '../../command-errors.ts';
import { counted } from '../../counted.ts';
import { parseDuration, readClaims } from '../../option-values.ts';
import { ProgressLine } from '../../progress-line.ts';
import { addServerOptions, createAuthor, type RequestOptions, retrying, retryNotice, serverOf } from '../../server-requests.ts';
import type { Env, Terminal } from '../../terminal.ts';
import { plainLine } from '../../terminal-text.ts';
import { writeMetrics } from '../../textfile-metrics.ts';
import { type Asking, isOfChannel } from '../every-channel.ts';
import { exportWriter } from '../write-export.ts';
import { ArchiveFolder } from './archive-folder.ts';
import { type ChannelActs, channelActs, channelsEndedBefore, headOf, latest } from './ended-channels.ts';
import { verifyCopy } from './verify-copy.ts';

/**
 * `archive`: exports channels that ended long ago, and then deletes them from the server.
 *
 *     listed ─▶ exported ─▶ verified ─▶ deletion noted ─▶ deleted ─▶ archived
 *
 * Up to `verified` nothing is lost if the command dies, and the next run begins again. From `deletion noted` on, the next run finds
 * out whether the channel was deleted. The server deletes the channel only if it still is as it was exported.
 */
interface ArchiveOptions extends RequestOptions {
  after: number;
  to: string;
  dryRun?: boolean;
  yes?: boolean;
  metrics?: string;
}

interface Due {
  id: string;
  headline: string;
  lastChangeAt: string;
  cursor: string;
}

/** A deletion that was sent less than this long ago may still be on its way. */
const underwayMs = 5 * 60_000;

export function addArchiveCommand(program: Command, env: Env, terminal: Terminal, done: (code: number) => void): void {
  addServerOptions(program.command('archive'), env)
    .description('Export channels that ended long ago to a folder, and delete them from the server; requires admin rights')
    .requiredOption('--after <time>', 'those that ended, and were not changed, for this long, such as 365d', parseAge)
    .requiredOption('--to <folder>', 'the folder of archived channels')
    .option('--dry-run', 'only list them')
    .option('--yes', 'yes, delete them')
    .option('--metrics <file>', 'also write what was done as metrics, for the node exporter of Prometheus')
    .addHelpText(
      'after',
      `
A channel is deleted only once its export and its uploads are on disk and were read again and verified, and only if it has not
changed in between. Readers then get 410, as for every deleted channel, and its id cannot be used again on this server.
Repeat the command to continue after a failure. A channel that fails does not stop the others.

Examples:
  $ pressbox archive --after 365d --to archive --dry-run
  $ pressbox archive --after 365d --to archive --yes`,
    )
    .action(async (options: ArchiveOptions) => done(await run(options)));

  async function run(options: ArchiveOptions): Promise<number> {
    const { json = false, to } = options;
    const progress = new ProgressLine(terminal.streams.stderr);
    try {
      return await new ArchiveRun(options, env, terminal, progress).run();
    } catch (error) {
      progress.clear();
      return printError(asFileError(error, to), terminal, { json });
    }
  }
}

class ArchiveRun {
  readonly #options: ArchiveOptions;
  readonly #env: Env;
  readonly #terminal: Terminal;
  readonly #progress: ProgressLine;
  readonly #asking: Asking;
  readonly #json: boolean;
  #archived = 0;
  #failures = 0;

  constructor(options: ArchiveOptions, env: Env, terminal: Terminal, progress: ProgressLine) {
    const { interrupted } = terminal.streams;
    this.#options = options;
    this.#env = env;
    this.#terminal = terminal;
    this.#progress = progress;
    this.#json = options.json === true;
    const http = new Http(serverOf(options, env));
    this.#asking = { http, interrupted, retrying: retrying(retryNotice(terminal, progress), interrupted) };
  }

  async run(): Promise<number> {
    const { after, to, dryRun = false, yes, metrics, url } = this.#options;
    const began = performance.now();
    const cutoff = new Date(Date.now() - after * 1_000).toISOString();
    if (dryRun) {
      for (const due of await this.#due(cutoff, await channelActs(this.#asking), new Set())) this.#tellDue(due);
      return this.#failures > 0 ? 1 : 0;
    }
    using folder = new ArchiveFolder(to);
    const left = await this.#settleUnfinished(folder);
    const due = await this.#due(cutoff, left.acts, left.held);
    const ids = new Set(due.map(({ id }) => id));
    for (const id of left.copies) if (!ids.has(id)) await folder.discard(id);
    if (due.length > 0) {
      if (!this.#json && yes !== true) for (const one of due) this.#tellDue(one);
      const them = `${counted(due.length, 'channel')} that ended before ${cutoff}`;
      await confirmErasure(`This exports ${them} to ${to}, and then deletes them from ${url} for good.`, yes, this.#terminal);
    }
    for (const one of due) {
      await this.#attempt(one.id, async () => {
        try {
          await this.#archive(one, folder);
        } catch (error) {
          // Somebody else deleted it: nothing of it may stay.
          if (isDeleted(error)) await folder.discard(one.id);
          throw error;
        }
      });
    }
    if (!this.#json) this.#tellSummary(due.length);
    if (metrics !== undefined) {
      await writeMetrics(metrics, 'pressbox_archive', [
        ['end_timestamp_seconds', 'When pressbox archive ended for the last time, in seconds since 1970.', Date.now() / 1_000],
        ['seconds', 'How long it took.', (performance.now() - began) / 1_000],
        ['channels', 'Channels that it archived.', this.#archived],
        ['failures', 'Channels that it could not archive.', this.#failures],
      ]);
    }
    return this.#failures > 0 ? 1 : 0;
  }

  /**
   * Finishes what an earlier run left. Returns the channels of which it left a copy and which are still on the server, and those
   * that this run must not touch.
   */
  async #settleUnfinished(folder: ArchiveFolder): Promise<{ copies: string[]; held: Set<string>; acts: ChannelActs }> {
    const [copies, gone, held] = [[] as string[], [] as string[], new Set<string>()];
    for (const id of await folder.unfinished()) {
      await this.#attempt(id, async () => {
        held.add(id);
        const deletion = await folder.sentDeletion(id);
        try {
          await headOf(id, this.#asking);
        } catch (error) {
          if (!isDeleted(error)) throw error;
          gone.push(id);
          return;
        }
        if (deletion !== undefined && Date.now() - Date.parse(deletion.sentAt) < underwayMs)
          throw new CommandFailed(
            'Its deletion was sent a moment ago and may be under way. Repeat the command in a few minutes.',
          );
        await folder.dropDeletion(id);
        held.delete(id);
        copies.push(id);
      });
    }
    // Read after the channels, so that it has their deletions.
    const acts = await channelActs(this.#asking);
    for (const id of gone) await this.#attempt(id, () => this.#settleDeleted(id, folder, acts));
    return { copies, held, acts };
  }

  async #settleDeleted(id: string, folder: ArchiveFolder, { deletions }: ChannelActs): Promise<void> {
    const sent = await folder.sentDeletion(id);
    // Somebody else deleted it: nothing of it may stay.
    if (sent === undefined) return await folder.discard(id);
    const deletion = deletions.get(id);
    const isOurs = deletion?.by === sent.by && Date.parse(deletion.at) > Date.parse(sent.sentAt) - underwayMs;
    if (!isOurs)
      throw new CommandFailed(
        `Somebody else deleted the channel at the same time. Delete ${folder.partOf(id)}, or remove ".part" from its name to keep it.`,
      );
    await folder.finish(id);
    this.#tellArchived(id, folder);
  }

  /** The channels to archive. */
  async #due(cutoff: string, acts: ChannelActs, held: ReadonlySet<string>): Promise<Due[]> {
    const { channels, complete } = await channelsEndedBefore(cutoff, this.#asking);
    if (!complete) this.#terminal.note('Some channels cannot be read at the moment, and are left out.');
    const due: Due[] = [];
    for (const { id, headline, endedAt } of channels) {
      if (held.has(id)) continue;
      await this.#attempt(id, async () => {
        const { cursor, at } = await headOf(id, this.#asking);
        const lastChangeAt = latest(endedAt, at, acts.createdAt.get(id));
        if (lastChangeAt <= cutoff) due.push({ id, headline, lastChangeAt, cursor });
      });
    }
    return due;
  }

  async #archive({ id, cursor, lastChangeAt }: Due, folder: ArchiveFolder): Promise<void> {
    const { client, write } = createAuthor(this.#options, this.#env, this.#terminal);
    const writer = exportWriter(this.#asking.http, this.#terminal, this.#progress);
    await folder.begin(id);
    const counts = await writer.toFile(id, folder.exportOf(id));
    const { uploads, missing } = await writer.bringMedia(id, folder.uploadsOf(id));
    if (missing.length > 0) throw new CommandFailed(`These uploads are missing or damaged on the server: ${missing.join(' ')}.`);
    const verified = await verifyCopy(id, folder.exportOf(id), folder.uploadsOf(id));
    if (verified.cursor !== cursor) return await this.#leave(id, folder);
    await folder.noteDeletion({ channelId: id, cursor, by: this.#subject(), sentAt: new Date().toISOString() });
    try {
      await client.deleteChannel(id, { ...write, at: cursor });
    } catch (error) {
      if (error instanceof ProblemError && error.problem.code === 'revision-moved') return await this.#leave(id, folder);
      throw error;
    }
    await folder.finish(id);
    this.#tellArchived(id, folder, { lastChangeAt, ...counts, uploads });
  }

  /** The channel was changed after it was listed, so it is not due any more. */
  async #leave(id: string, folder: ArchiveFolder): Promise<void> {
    await folder.discard(id);
    this.#progress.clear();
    if (this.#json) this.#terminal.json({ channelId: id, changed: true });
    else this.#terminal.note(`${id} was changed in the meantime, and stays on the server.`);
  }

  #subject(): string {
    const sub = readClaims(this.#options.token ?? this.#env.PRESSBOX_TOKEN ?? '')?.sub;
    return typeof sub === 'string' ? sub : '';
  }

  /** A failure of one channel is told, and does not stop the others. Throws if the server or the disk fails. */
  async #attempt(id: string, action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (isDeleted(error)) return;
      if (!(await isOfChannel(error, this.#asking))) throw error;
      this.#failures += 1;
      this.#progress.clear();
      if (this.#json) this.#terminal.json({ channelId: id, failed: true });
      else this.#terminal.note(`${id}:`);
      printError(asFileError(error, this.#options.to), this.#terminal, { json: this.#json });
    }
  }

  #tellDue({ id, headline, lastChangeAt }: Due): void {
    if (this.#json) return this.#terminal.json({ channelId: id, lastChangeAt });
    const { style } = this.#terminal;
    this.#terminal.print(`${style.bold(plainLine(id))}  last changed ${lastChangeAt}  ${plainLine(headline)}`);
  }

  #tellArchived(id: string, folder: ArchiveFolder, facts: object = {}): void {
    this.#archived += 1;
    this.#progress.clear();
    if (this.#json) this.#terminal.json({ channelId: id, archived: true, folder: folder.pathOf(id), ...facts });
    else this.#terminal.print(`Archived ${this.#terminal.style.bold(plainLine(id))} to ${plainLine(folder.pathOf(id))}.`);
  }

  #tellSummary(due: number): void {
    const failed = this.#failures > 0 ? ` ${counted(this.#failures, 'channel')} could not be archived.` : '';
    const none = due === 0 && this.#archived === 0 && this.#failures === 0;
    const archived = `${counted(this.#archived, 'channel was', 'channels were')} archived.`;
    this.#terminal.note(none ? 'No channel ended long enough ago.' : `${archived}${failed}`);
  }
}

/** Somebody else deleted the channel: the server answers the request that deleted it as done, also when it is repeated. */
function isDeleted(error: unknown): boolean {
  return error instanceof ProblemError && error.problem.code === 'channel-deleted';
}

/** Like `parseDuration`, and 0 for channels that ended just now. */
function parseAge(text: string): number {
  if (/^0[smhd]$/.test(text)) return 0;
  if (!/^[1-9]/.test(text)) throw new InvalidArgumentError('It must be a time such as 365d, or 0d.');
  return parseDuration(text);
}
