import type { Channel } from '../../src/protocol/model.ts';
import type { SeenPost } from '../lib/author-client.ts';
import type { ProblemError } from '../lib/http.ts';
import { CannotDo, movedLine, UsageError } from './command-errors.ts';
import { channelLines, correctedLines, postLines } from './post-output.ts';
import { channelItself, type ShownRevisions } from './shown-revisions.ts';
import type { Terminal } from './terminal.ts';

/** Which revision a change is decided on, and whether the person means it. */
export interface Deciding {
  channelId: string;
  /** `--revision`. */
  given: number | undefined;
  shown: ShownRevisions;
  json: boolean;
  /** The standard input is the text of the post, so that no answer can come from it. */
  isInputTaken?: boolean;
}

/**
 * The revision that was given, else the one that this machine was last shown. A post that was not shown here is shown now, and the person
 * decides. Throws where nobody can be asked.
 */
export async function decidedOnPost(post: SeenPost, deciding: Deciding, terminal: Terminal): Promise<number> {
  // What is withdrawn stays so: the server says it better than a question.
  if (post.status !== 'published') return deciding.given ?? post.revision;
  return decided(post, postLines(post, 'UTC', terminal.style), deciding, terminal);
}

/** The same for the headline and standfirst of a channel. */
export async function decidedOnChannel(channel: Channel, deciding: Deciding, terminal: Terminal): Promise<number> {
  const { revision } = channel;
  return decided({ id: channelItself, revision }, channelLines(channel, undefined, terminal.style), deciding, terminal);
}

async function decided(now: { id: string; revision: number }, lines: string[], deciding: Deciding, terminal: Terminal) {
  const { channelId, given, shown, json, isInputTaken = false } = deciding;
  const known = given ?? shown.of(channelId, now.id);
  if (known !== undefined) return known;
  const { revision } = now;
  if (json) throw new CannotDo(`Nothing was changed: revision ${revision} was not shown here. ${againWith(revision)}`);
  terminal.note(...lines, `This is revision ${revision}. It was not shown here before.`);
  shown.keep(channelId, [now]);
  if (isInputTaken || !terminal.isAttended) throw new CannotDo(`Nothing was changed. ${againWith(revision)}`);
  if (!(await terminal.confirm('Is your change meant for this?'))) throw new CannotDo('Nothing was changed.');
  return revision;
}

function againWith(revision: number): string {
  return `If your change is meant for that, give the command again with --revision ${revision}.`;
}

/** `--yes`, or the word of the person at the terminal. Throws where there is neither. `erases`: what it does, as a sentence. */
export async function confirmErasure(erases: string, yes: boolean | undefined, terminal: Terminal): Promise<void> {
  if (yes === true) return;
  if (!terminal.isAttended) throw new UsageError(`${erases} Say --yes if you mean it.`);
  if (!(await terminal.confirm(`${erases} Do you mean it?`))) throw new CannotDo('Nothing was changed.');
}

/**
 * Someone else was first: shows what they made of `before`, so that it can be decided again. False where that is not what the problem
 * says.
 */
export async function tellMoved(
  { problem }: ProblemError,
  { channelId, shown }: Pick<Deciding, 'channelId' | 'shown'>,
  before: () => Promise<SeenPost | undefined>,
  terminal: Terminal,
): Promise<boolean> {
  const current = problem.current as SeenPost | undefined;
  if (problem.code !== 'revision-moved' || current === undefined) return false;
  terminal.note('pressbox: Someone else changed it first.', '');
  // The earlier revision may have been erased; then what stands now is shown by itself.
  terminal.note(...correctedLines(current, await before().catch(() => undefined), 'UTC', terminal.style));
  terminal.note(movedLine(current.revision));
  shown.keep(channelId, [current]);
  return true;
}
