import type { Channel, ReaderPost } from '../../../src/protocol/model.ts';
import { readerView } from '../../../src/protocol/model.ts';
import type { Random } from '../samples/random.ts';
import { createChannel, publish, read, type Write, type Written, write } from './writers.ts';

/**
 * A channel with many changed and some withdrawn posts, and its state at every offset. The text of each revision contains a mark,
 * by which a test finds its bytes anywhere.
 */
export interface BusyChannel {
  id: string;
  /** The cursor after each answered write, by offset. */
  cursors: Map<number, string>;
  head: number;
  /** The posts that had changed up to an offset, as readers saw them then. */
  postsAt(offset: number): Map<string, ReaderPost>;
  channelAt(offset: number): Channel;
  /** Marks in a text that belong to a superseded or withdrawn revision. */
  staleMarks(text: string): string[];
}

export interface BusyOptions {
  posts: number;
  /** Posts that are changed three times each. */
  changed: number;
  /** Posts that are withdrawn, alternately by retraction and takedown. */
  withdrawn: number;
  random: Random;
  /** Called when the channel was created and is empty. */
  opened?: (id: string) => Promise<unknown>;
}

const anyMark = /zq\d+r\d+qz/g;
const mark = (post: number, revision: number) => `zq${post}r${revision}qz`;

export async function makeBusy(place: { url: string }, editor: string, options: BusyOptions): Promise<BusyChannel> {
  const { posts, changed, withdrawn, random } = options;
  const { id } = await createChannel(place, editor, { headline: 'A long night' });
  await options.opened?.(id);
  const cursors = new Map<number, string>();
  const versions: { offset: number; post: ReaderPost }[] = [];
  const channels: { offset: number; channel: Channel }[] = [{ offset: 1, channel: await readChannel() }];
  const current = new Map<number, number>();

  const note = ({ offset, cursor, post }: Written, postOffset = offset) => {
    cursors.set(offset, cursor);
    versions.push({ offset: postOffset, post: readerView(post) });
  };
  const change = (post: Written['post'], what: string, body: object, revision: number): Write => ({
    path: `/v1/channels/${id}/posts/${post.id}/${what}`,
    body,
    ifMatch: revision,
  });
  async function readChannel(): Promise<Channel> {
    return await read(`${place.url}/v1/channels/${id}`, editor);
  }

  // The changes of each post in order. They are shuffled below, with the order within each post kept.
  const lines = Array.from({ length: posts }, (_, index) => {
    const steps: (() => Promise<void>)[] = [];
    let made: Written['post'];
    steps.push(async () => {
      current.set(index, 1);
      const written = await publish(place, editor, id, textOf(index, 1));
      made = written.post;
      note(written);
    });
    const revisions = index < changed ? 3 : 0;
    for (let times = 1; times <= revisions; times += 1) {
      steps.push(async () => {
        current.set(index, times + 1);
        const kind = (['refile', 'update', 'correction'] as const)[times - 1]!;
        const written = await write(
          place,
          editor,
          change(made, 'revisions', { kind, note: 'Put right.', changes: textOf(index, times + 1) }, times),
        );
        note(written);
      });
    }
    // Some of the withdrawn posts were changed before, so that they have revisions that could leak.
    const firstWithdrawn = changed - Math.ceil(withdrawn / 2);
    if (index >= firstWithdrawn && index < firstWithdrawn + withdrawn) {
      steps.push(async () => {
        current.delete(index);
        const what = index % 2 === 0 ? 'retraction' : 'takedown';
        note(await write(place, editor, change(made, what, { note: 'It was not so.' }, revisions + 1)));
      });
    }
    return steps;
  });
  const left = lines.map((steps) => steps.length);
  const order = lines.flatMap((steps, index) => steps.map(() => index));
  for (let at = order.length - 1; at > 0; at -= 1) {
    const other = random.below(at + 1);
    [order[at], order[other]] = [order[other]!, order[at]!];
  }
  const middle = Math.floor(order.length / 2);
  for (const [at, index] of order.entries()) {
    await lines[index]![lines[index]!.length - left[index]!--]!();
    if (at === middle) await changeChannel();
  }

  /**
   * Corrects the headline, and pins a post and withdraws it. The withdrawal also removes the pin, which makes two events in a
   * row.
   */
  async function changeChannel(): Promise<void> {
    const patch = (body: object) => write(place, editor, { method: 'PATCH', path: `/v1/channels/${id}`, body, ifMatch: '*' });
    const noteChannel = (written: Written) => {
      cursors.set(written.offset, written.cursor);
      channels.push({ offset: written.offset, channel: written.channel });
    };
    noteChannel(await patch({ headline: 'A long, long night', change: { kind: 'correction', note: 'It was longer.' } }));
    const pinned = await publish(place, editor, id, { headline: 'Pinned' });
    note(pinned);
    noteChannel(await patch({ pinnedPostId: pinned.post.id }));
    const withdrawal = await write(place, editor, change(pinned.post, 'retraction', { note: 'Not so.' }, 1));
    note(withdrawal, withdrawal.offset - 1);
    channels.push({ offset: withdrawal.offset, channel: await readChannel() });
  }

  const head = Math.max(...cursors.keys());
  return {
    id,
    cursors,
    head,
    postsAt: (offset) =>
      new Map(versions.filter((version) => version.offset <= offset).map(({ post }): [string, ReaderPost] => [post.id, post])),
    channelAt: (offset) => channels.findLast((version) => version.offset <= offset)!.channel,
    staleMarks: (text) =>
      [...new Set(text.match(anyMark) ?? [])].filter((found) => {
        const [post, revision] = found.slice(2, -2).split('r').map(Number) as [number, number];
        return current.get(post) !== revision;
      }),
  };
}

/** Every text field contains the mark. */
function textOf(post: number, revision: number) {
  const token = mark(post, revision);
  return {
    headline: `Headline ${token}`,
    body: `Text ${token} with [a link](https://example.org/${token})`,
    sources: [{ name: `Source ${token}` }],
    authors: [{ name: `Author ${token}` }],
    media: [{ type: 'image' as const, url: `https://example.org/${token}.jpg`, alt: `Picture ${token}` }],
  };
}
