import type { Channel } from '../../src/protocol/model.ts';
import type { SeenPost } from '../lib/author-client.ts';
import type { ProblemError } from '../lib/http.ts';
import { CommandFailed, revisionMovedLine, UsageError } from './command-errors.ts';
import { channelKey, type DisplayedRevisions } from './displayed-revisions.ts';
import { changedPostLines, channelLines, postLines } from './post-output.ts';
import type { Terminal } from './terminal.ts';

/** Determines the revision on which a change is based, and asks for confirmation. */
export interface RevisionCheck {
  channelId: string;
  /** `--revision`. */
  givenRevision: number | undefined;
  displayed: DisplayedRevisions;
  json: boolean;
  /** Standard input is the text of the post, so no answer can be read from it. */
  isInputTaken?: boolean;
}

/**
 * Returns the given revision, or the one last displayed on this machine. If the post was never displayed here, displays it and
 * asks for confirmation. Throws if nobody can be asked.
 */
export async function confirmPostRevision(post: SeenPost, check: RevisionCheck, terminal: Terminal): Promise<number> {
  // The server refuses to change a withdrawn post, with a clearer message than a question here.
  if (post.status !== 'published') return check.givenRevision ?? post.revision;
  return confirmRevision(post, postLines(post, 'UTC', terminal.style), check, terminal);
}

/** Like `confirmPostRevision`, for the headline and standfirst of a channel. */
export async function confirmChannelRevision(channel: Channel, check: RevisionCheck, terminal: Terminal): Promise<number> {
  const { revision } = channel;
  return confirmRevision({ id: channelKey, revision }, channelLines(channel, undefined, terminal.style), check, terminal);
}

async function confirmRevision(now: { id: string; revision: number }, lines: string[], check: RevisionCheck, terminal: Terminal) {
  const { channelId, givenRevision, displayed, json, isInputTaken = false } = check;
  const known = givenRevision ?? displayed.get(channelId, now.id);
  if (known !== undefined) return known;
  const { revision } = now;
  if (json)
    throw new CommandFailed(`Nothing was changed: revision ${revision} was not shown here. ${retryWithRevision(revision)}`);
  terminal.note(...lines, `This is revision ${revision}. It was not shown here before.`);
  displayed.record(channelId, [now]);
  if (isInputTaken || !terminal.isAttended) throw new CommandFailed(`Nothing was changed. ${retryWithRevision(revision)}`);
  if (!(await terminal.confirm('Is your change meant for this?'))) throw new CommandFailed('Nothing was changed.');
  return revision;
}

function retryWithRevision(revision: number): string {
  return `If your change is meant for this revision, repeat the command with --revision ${revision}.`;
}

/** Requires `--yes` or a confirmation at the terminal. Throws without either. `erases`: what is erased, as a sentence. */
export async function confirmErasure(erases: string, yes: boolean | undefined, terminal: Terminal): Promise<void> {
  if (yes === true) return;
  if (!terminal.isAttended) throw new UsageError(`${erases} Confirm with --yes.`);
  if (!(await terminal.confirm(`${erases} Are you sure?`))) throw new CommandFailed('Nothing was changed.');
}

/** If someone else changed the post first, prints the difference from `before`. Returns false for any other problem. */
export async function printRevisionMoved(
  { problem }: ProblemError,
  { channelId, displayed }: Pick<RevisionCheck, 'channelId' | 'displayed'>,
  before: () => Promise<SeenPost | undefined>,
  terminal: Terminal,
): Promise<boolean> {
  const current = problem.current as SeenPost | undefined;
  if (problem.code !== 'revision-moved' || current === undefined) return false;
  terminal.note('pressbox: Someone else changed it first.', '');
  // The earlier revision may have been erased. Then only the current one is printed.
  terminal.note(...changedPostLines(current, await before().catch(() => undefined), 'UTC', terminal.style));
  terminal.note(revisionMovedLine(current.revision));
  displayed.record(channelId, [current]);
  return true;
}
