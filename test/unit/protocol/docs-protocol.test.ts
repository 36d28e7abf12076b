import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { applyCatchUp, applyEvent, fits, fromSnapshot } from '../../../client/lib/timeline/timeline.ts';
import type { Timeline } from '../../../client/lib/timeline/timeline-model.ts';
import { recorded } from '../../../src/apidocs/recorded-answers.ts';
import type { Channel, ChannelEvent, ReaderPost, Snapshot } from '../../../src/protocol/model.ts';
import { root } from '../../support/runner/imports.ts';

const page = readFileSync(join(root, 'docs/reference/protocol.md'), 'utf8');

/** The code of the page, run as shown. */
const [, code = ''] = /```js\n([\s\S]*?)```/.exec(page) ?? [];
const { judge, withPost } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
  judge(offset: number, event: { from: number; offset: number }): 'apply' | 'ignore' | 'catch up';
  withPost(posts: Map<string, { id: string; revision: number }>, post: { id: string; revision: number }): Map<string, unknown>;
};

interface Step {
  kind: string;
  from: number;
  to: number;
  what: string;
  next: number;
}

const steps: Step[] = [...page.matchAll(/^\| (event|replay|snapshot) (\d+) to (\d+) \| ([a-z ]+) \| (\d+) \|/gm)].map(
  ([, kind = '', from, to, what = '', next]) => ({ kind, from: Number(from), to: Number(to), what, next: Number(next) }),
);
const beginsAt = Number(/a client whose offset is (\d+)/.exec(page)?.[1]);

/** The channel in a recorded answer. */
const channel = recorded['getChannel-one-channel']?.body as Channel;
const cursor = (offset: number) => `000000000001.${offset}.0000000000000001`;

function snapshotAt(offset: number): Snapshot {
  return { channel, cursor: cursor(offset), posts: [], pinned: null, summary: null, keyEvents: [], more: false };
}

function event(from: number, offset: number): ChannelEvent {
  return { channelId: channel.id, from, offset, cursor: cursor(offset), at: channel.createdAt, type: 'channel.changed', channel };
}

describe('the worked example in protocol.md', () => {
  it('has steps that the test can parse', () => {
    expect(steps.length).toBeGreaterThan(6);
    expect(beginsAt).toBe(5);
  });

  it('is what the code on the page does', () => {
    let mine = beginsAt;
    for (const { kind, from, to, what, next } of steps) {
      if (kind === 'event') {
        const said = judge(mine, { from, offset: to });
        expect([from, to, said]).toEqual([from, to, what]);
        if (said === 'apply') mine = to;
      } else mine = to;
      expect([kind, from, to, mine]).toEqual([kind, from, to, next]);
    }
  });

  it('is what pressbox/client does', () => {
    let timeline: Timeline = fromSnapshot(snapshotAt(beginsAt), beginsAt);
    for (const { kind, from, to, what, next } of steps) {
      const facts = { covers: { after: from, to }, cursor: cursor(to), more: false };
      if (kind === 'event') {
        expect([from, to, fits(timeline, event(from, to))]).toEqual([from, to, what === 'apply']);
        timeline = applyEvent(timeline, event(from, to));
      } else if (kind === 'replay') {
        const events = to > from ? [event(from + 1, to)] : [];
        timeline = applyCatchUp(timeline, { mode: 'replay', reset: false, ...facts, events }) as Timeline;
      } else {
        timeline = applyCatchUp(timeline, { mode: 'snapshot', reset: true, ...facts, snapshot: snapshotAt(to) }) as Timeline;
      }
      expect([kind, from, to, timeline.offset]).toEqual([kind, from, to, next]);
    }
  });

  it('keeps the higher revision of two copies, in either order', () => {
    const post = recorded['getPost-as-readers-see-it']?.body as ReaderPost;
    const older = { ...post, revision: post.revision - 1 };
    for (const order of [
      [older, post],
      [post, older],
    ]) {
      const posts = order.reduce((held, copy) => withPost(held as never, copy) as never, new Map());
      expect(posts.get(post.id)).toBe(post);
    }
  });
});
