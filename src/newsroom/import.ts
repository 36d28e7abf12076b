import type { AppendRequest, AppendResult, Journal, NewEntry, Renderer } from '../journal/engine.ts';
import { channelToCreate, JournalUnavailable, withUnknownOutcome } from '../journal/engine.ts';
import { channelFrom, prepare } from '../journal/entry-record.ts';
import { shortCheck } from '../journal/hash-chain.ts';
import type { MediaStore } from '../media/media-store.ts';
import type { AuthorPost, Channel } from '../protocol/model.ts';
import { type Imported, Refusal } from '../protocol/problems.ts';
import type { PostLine, TransferLine } from '../protocol/transfer.ts';
import { channelWithReferences, postWithReferences } from '../protocol/uploaded-media.ts';
import { unpin } from './channel-rules.ts';
import * as rules from './import-rules.ts';
import { channelIdOf, type HistoryPosition, positionAfter, postIdOf } from './import-rules.ts';
import { newsroomLimits } from './newsroom-limits.ts';
import { isPlaceholder, type UnnumberedPost } from './post-rules.ts';
import { createUploads } from './uploads.ts';
import { currentChannel } from './write-access.ts';

/**
 * Imports the lines of exports. `import-rules.ts` has the rules.
 *
 * Lines of one channel are imported in batches: read the state, decide about each line, and append the entries in order, without
 * waiting for each result. An entry depends on the one before it, so if an append fails, the later ones fail too. The remaining
 * lines are then decided again. The same happens if other writes came in between.
 */
export interface Importer {
  /** The result so far. */
  readonly done: Imported;
  /**
   * Takes one line. Lines must come in order, and are numbered from 1. Resolves when the next line may be passed. A `Refusal`
   * names its line, and earlier lines stay imported.
   */
  take(number: number, line: TransferLine): Promise<void>;
  /** Resolves once all lines are on disk. */
  finish(): Promise<void>;
}

export interface ImportParts {
  engine: Journal;
  append: Journal['append'];
  renderer: Renderer;
  newId(): string;
  /** The store of uploads. Left out: this server takes none. */
  media?: MediaStore | undefined;
}

/** Imported lines are recognised by their revision, never by their request, so all requests have the same digest. */
const digest = '0'.repeat(64);

interface QueuedLine {
  number: number;
  line: TransferLine;
  /** The rendered body of the post. */
  html: string;
}

/** The state that lines are decided on: the journal, then the entries that are being appended. */
interface ImportState {
  channel: Channel | undefined;
  posts: Map<string, AuthorPost | UnnumberedPost | undefined>;
  /** The post or channel at the revision of each line. */
  pasts: Map<TransferLine, AuthorPost | Channel | undefined>;
}

interface LineWrite {
  item: QueuedLine;
  verdict: rules.LineVerdict;
  /** Set if the line creates a channel or post. */
  makes?: 'channels' | 'posts' | undefined;
  writing?: Promise<AppendResult>;
  /** The index of the line's entry in the append. */
  nth: 0 | 1;
}

interface PlannedEntry {
  entry: NewEntry;
  /** Null for the channel. */
  postId: string | null;
  /** The revision before the entry. */
  was: number;
  /** The revisions of posts that must not change before the append. */
  revisions: Record<string, number>;
}

type Unpinning = Pick<PlannedEntry, 'entry' | 'revisions'> & { item?: QueuedLine };

export function createImporter({ engine, append, renderer, newId, media }: ImportParts, by: string): Importer {
  const uploads = createUploads({ engine, renderer, store: media });
  const nothing = { channels: 0, posts: 0, revisions: 0, skipped: 0, withheld: 0, conflicting: 0 };
  const done: Imported = { ...nothing, conflicts: [], sameHistory: true };
  let queue: QueuedLine[] = [];
  let characters = 0;
  let before: HistoryPosition | undefined;
  const erased = new Set<string>();
  /** Channels that this import has written to. */
  const begun = new Set<string>();

  return { done, take, finish };

  async function take(number: number, line: TransferLine): Promise<void> {
    const channelId = channelIdOf(line);
    const [first] = queue;
    if (first && channelIdOf(first.line) !== channelId) await flush();
    let html = '';
    try {
      if ('post' in line) html = htmlOf(line);
      before = positionAfter(before, line, () => prepare(channelId, entryOf(line, html), renderer).digest);
    } catch (error) {
      throw atLine(number, error);
    }
    queue.push({ number, line, html });
    characters += html.length + ('post' in line ? line.post.body.length : 0);
    if (queue.length >= newsroomLimits.importLines || characters >= newsroomLimits.importCharacters) await flush({ more: true });
  }

  /** Renders the body. Throws a `Refusal` if the post exceeds its size limit. */
  function htmlOf(line: PostLine): string {
    const { body, channelId } = line.post;
    const html = body === '' ? '' : renderer.render(body, { channelId });
    const unfit = rules.checkLine(line, html);
    if (unfit !== undefined) throw new Refusal(unfit.code, unfit.details);
    return html;
  }

  async function finish(): Promise<void> {
    await flush();
    await erase();
  }

  /**
   * Removes erased text, and the uploads that only it used, from the files. Responses do not contain them any more. An erasure that
   * cannot complete now continues on its own.
   */
  async function erase(): Promise<void> {
    for (const key of erased) {
      const [channelId, postId] = key.split('/') as [string, string];
      await engine.erase(channelId, postId).catch(() => undefined);
      await uploads.erase(channelId, postId).catch(() => undefined);
    }
    erased.clear();
  }

  /**
   * Imports the queued lines. With `more`, further lines may follow, so a withdrawal at the end waits for the next line, which
   * may unpin its post.
   */
  async function flush({ more } = { more: false }): Promise<void> {
    const waiting = more && isWithdrawal(queue.at(-1)?.line) ? queue.splice(-1) : [];
    try {
      for (let tries = 0; queue.length > 0; tries += 1) {
        if (tries === newsroomLimits.decisionTries)
          throw new JournalUnavailable('other writes kept changing what this import continues from', 'unchanged');
        const settled = await attempt(queue);
        queue = queue.slice(settled);
        if (settled > 0) tries = 0;
      }
      queue = waiting;
      characters = 0;
    } catch (error) {
      // Erases now, because a retry of the import would skip these lines and not erase the text.
      await erase();
      throw done.revisions > 0 ? withUnknownOutcome(error) : error;
    }
  }

  /** Imports the lines, and returns how many of them, from the first, are done. */
  async function attempt(lines: readonly QueuedLine[]): Promise<number> {
    const state = await readState(lines);
    const steps: LineWrite[] = [];
    let previous: Record<string, number> = {};
    /** The posts and channels of pending appends. */
    const underWay = new Set<string>();
    /** Whether this import's first append to the channel was started. */
    let isBeginning = false;
    /** Why the uploads of a line could not be claimed. It ends the import after the lines before it. */
    let unclaimed: unknown;
    for (const item of lines) {
      // This line was appended together with the line before it.
      if (steps.at(-1)?.item === item) continue;
      const step: LineWrite = { item, verdict: verdictOn(item, state), nth: 0 };
      steps.push(step);
      if (step.verdict.verdict !== 'write') continue;
      const { entry, postId, was, revisions } = planEntry(item, state);
      const second = unpinningOf(item, lines[steps.length], state);
      const erases = entry.type !== 'channel.changed' && entry.erases !== undefined;
      if (erases && hasText(state.posts.get(entry.post.id))) erased.add(`${entry.post.channelId}/${entry.post.id}`);
      // Engines first record these appends elsewhere, so a later append could overtake them.
      const alone = erases || state.channel === undefined || second !== undefined;
      // The decision depends on a revision number. Only the result of the pending append shows that no other write took that
      // number.
      const subjects = postId === null ? [channelSubject, ...Object.keys(revisions)] : [postId];
      if (alone || subjects.some((subject) => underWay.has(subject))) {
        if (!(await allWritten(steps))) break;
        underWay.clear();
      }
      for (const subject of subjects) underWay.add(subject);
      const entries = second === undefined ? ([entry] as const) : ([entry, second.entry] as const);
      const channelId = channelIdOf(item.line);
      const claims = uploads.begin(channelId);
      try {
        await claims.entries(entries);
        if (erases) await uploads.expectErasure(entry.post.channelId, entry.post.id);
      } catch (error) {
        unclaimed = error;
        steps.pop();
        break;
      }
      step.makes = was > 0 ? undefined : postId === null ? 'channels' : 'posts';
      const isFirst = !isBeginning && !begun.has(channelId);
      isBeginning = true;
      const request: AppendRequest = {
        request: { id: newId(), digest },
        decidedOn: { channel: state.channel?.revision ?? 0, posts: { ...previous, ...second?.revisions, ...revisions } },
        entries,
        ...(item.line.facts?.root !== undefined && { root: item.line.facts.root }),
        ...(claims.fence !== undefined && { fence: claims.fence }),
        imported: { by, isFirst },
      };
      step.writing = claims.settle(() => append(channelId, request));
      if (second?.item) steps.push({ item: second.item, verdict: step.verdict, writing: step.writing, nth: 1 });
      if (alone && !(await allWritten([step]))) break;
      for (const written of entries) {
        if (written.type === 'channel.changed') state.channel = written.channel;
        else state.posts.set(written.post.id, written.post);
        previous = written.type === 'channel.changed' ? {} : { [written.post.id]: written.post.revision };
      }
    }
    await Promise.allSettled(steps.map(({ writing }) => writing));
    for (const [index, step] of steps.entries()) if (!(await countResult(step))) return index;
    if (unclaimed !== undefined) throw unclaimed;
    return steps.length;
  }

  /**
   * The entry that unpins the post, if the line withdraws the pinned post. Both entries are appended together, or neither. If the
   * next line unpins the post, the entry is that of the next line. Otherwise it is the entry that the newsroom would write, which
   * equals a later line of the export. If the line has no offset in a history, there is no such entry, because a later line may
   * unpin the post.
   */
  function unpinningOf({ line }: QueuedLine, after: QueuedLine | undefined, state: ImportState): Unpinning | undefined {
    const { channel } = state;
    if (!isWithdrawal(line) || channel === undefined || channel.pinnedPostId !== line.post.id) return undefined;
    const unpins = after !== undefined && 'channel' in after.line && after.line.channel.pinnedPostId !== line.post.id;
    if (unpins && verdictOn(after, state).verdict === 'write') return { ...planEntry(after, state), item: after };
    return line.facts.offset === undefined ? undefined : { entry: unpin(channel, line.facts), revisions: {} };
  }

  /** `revisions`: of the post, or of the post that the channel pins, which must still be published at the append. */
  function planEntry({ line, html }: QueuedLine, { channel, posts }: ImportState): PlannedEntry {
    if ('channel' in line) {
      const pinned = posts.get(line.channel.pinnedPostId ?? '');
      const revisions: Record<string, number> = pinned === undefined ? {} : { [pinned.id]: pinned.revision };
      return { entry: entryOf(line, ''), postId: null, was: channel?.revision ?? 0, revisions };
    }
    const postId = postIdOf(line);
    const current = posts.get(postId);
    const was = current?.revision ?? 0;
    return { entry: rules.postEntryOf(line, html, current), postId, was, revisions: { [postId]: was } };
  }

  /** Counts the result of a line. Returns false if another write came first, so that the line was not written. */
  async function countResult({ item, verdict, makes, writing, nth }: LineWrite): Promise<boolean> {
    const { number, line } = item;
    switch (verdict.verdict) {
      case 'stands':
        done.skipped += 1;
        return true;
      case 'withheld':
        done.withheld += 1;
        return true;
      case 'conflict': {
        const about = { line: number, channelId: channelIdOf(line), postId: postIdOf(line), revision: rules.revisionOf(line) };
        done.conflicting += 1;
        if (done.conflicts.length < newsroomLimits.importConflicts) done.conflicts.push({ ...about, why: verdict.why });
        return true;
      }
      case 'write': {
        const result = await (writing as Promise<AppendResult>);
        if (result.status === 'deleted') throw new Refusal('channel-deleted', { line: number });
        if (result.status !== 'appended') return false;
        begun.add(channelIdOf(line));
        done.revisions += 1;
        if (makes !== undefined) done[makes] += 1;
        const check = line.facts?.check;
        if (check === undefined || shortCheck(check) !== result.changes[nth]?.check) done.sameHistory = false;
        return true;
      }
    }
  }

  async function readState(lines: readonly QueuedLine[]): Promise<ImportState> {
    const [first] = lines as [QueuedLine];
    const channelId = channelIdOf(first.line);
    const read = await channelToCreate(engine, channelId);
    if (read.status === 'deleted') throw new Refusal('channel-deleted', { line: first.number });
    // Lines have references to uploaded media, so they are compared with what is stored here.
    const channel = read.status === 'found' ? channelWithReferences(currentChannel(read).channel, renderer.publicUrl) : undefined;
    if (channel === undefined && !('channel' in first.line)) {
      const errors = [{ path: 'post.channelId', message: 'There is no such channel here. Its own line must come first.' }];
      throw new Refusal('invalid-body', { line: first.number, errors });
    }
    for (const { number, line } of lines) {
      if (channel === undefined || !('channel' in line) || rules.isSameChannel(channel, line.channel)) continue;
      throw new Refusal('channel-exists', { line: number, detail: 'There is another channel with this id here.' });
    }
    const state: ImportState = { channel, posts: new Map(), pasts: new Map() };
    if (channel === undefined) return state;
    const ids = new Set(lines.map(({ line }) => ('channel' in line ? line.channel.pinnedPostId : postIdOf(line))));
    ids.delete(null);
    await Promise.all(
      [...ids].map(async (id) => state.posts.set(id as string, stored((await engine.post(channelId, id as string))?.post))),
    );
    await Promise.all(lines.map(async ({ line }) => state.pasts.set(line, await pastOf(line, state))));
    return state;
  }

  async function pastOf(line: TransferLine, { channel, posts }: ImportState): Promise<AuthorPost | Channel | undefined> {
    const channelId = channelIdOf(line);
    const revision = rules.revisionOf(line);
    if ('channel' in line) {
      const { offset } = line.facts ?? {};
      if (channel === undefined || revision >= channel.revision || offset === undefined) return undefined;
      const read = await engine.entries(channelId, { from: offset, limit: 1, bytes: 1 });
      const [entry] = read?.entries ?? [];
      const isIt = entry?.offset === offset && entry.postId === null && entry.revision === revision;
      return isIt && entry.written ? channelFrom(entry.written.state) : undefined;
    }
    const id = postIdOf(line) as string;
    if (revision > (posts.get(id)?.revision ?? 0)) return undefined;
    const page = await engine.revisions(channelId, id, { after: revision - 1, limit: 1, bytes: 1 });
    return stored(page?.revisions.find((past) => past.revision === revision));
  }

  function stored(post: AuthorPost | undefined): AuthorPost | undefined {
    return post && postWithReferences(post, renderer.publicUrl);
  }

  function entryOf(line: TransferLine, html: string): NewEntry {
    return 'channel' in line ? rules.channelEntryOf(line, by) : rules.postEntryOf(line, html);
  }
}

/** Stands for the channel among post ids. */
const channelSubject = '';

async function allWritten(steps: readonly LineWrite[]): Promise<boolean> {
  const answers = await Promise.allSettled(steps.map(({ writing }) => writing));
  return answers.every((answer) => answer.status === 'fulfilled' && (answer.value?.status ?? 'appended') === 'appended');
}

function verdictOn({ line }: QueuedLine, { channel, posts, pasts }: ImportState): rules.LineVerdict {
  // Posts that are being appended have no `seq` yet. No rule uses it.
  const post = (id: string | null) => (id === null ? undefined : (posts.get(id) as AuthorPost | undefined));
  if (!('channel' in line)) return rules.verdictOnPost(line, post(postIdOf(line)), pasts.get(line) as AuthorPost | undefined);
  const pinned = post(line.channel.pinnedPostId);
  return rules.verdictOnChannel(line, channel, { past: pasts.get(line) as Channel | undefined, pinned });
}

/** Whether the line withdraws a post. A line of an erased revision does not, although its placeholder counts as withdrawn. */
function isWithdrawal(line: TransferLine | undefined): line is PostLine {
  return line !== undefined && 'post' in line && line.post.status !== 'published';
}

function hasText(post: AuthorPost | UnnumberedPost | undefined): boolean {
  return post !== undefined && !isPlaceholder(post);
}

/** Adds the line number to a `Refusal`. */
export function atLine(line: number, error: unknown): unknown {
  return error instanceof Refusal ? new Refusal(error.problem.code, { ...error.problem, line }) : error;
}
