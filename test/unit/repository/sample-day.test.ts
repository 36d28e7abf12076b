import { describe, expect, it } from 'vitest';
import { createRenderer } from '../../../src/newsroom/render.ts';
import {
  channelPatchSchema,
  newChannelSchema,
  newPostSchema,
  parse,
  retractionSchema,
  revisionSchema,
  takedownSchema,
} from '../../../src/protocol/schemas.ts';
import { markOf, type SampleCommand, sampleDay } from '../../support/samples/sample-day.ts';

const day = sampleDay(1969);
const of = <T extends SampleCommand['type']>(type: T) =>
  day.commands.filter((command): command is Extract<SampleCommand, { type: T }> => command.type === type);

describe('the sample day', () => {
  it('is the same for the same seed and different for another', () => {
    expect(sampleDay(1969)).toEqual(day);
    expect(sampleDay(1970)).not.toEqual(day);
  });

  it('has 300 posts and 80 changes of every kind', () => {
    expect(of('publish')).toHaveLength(300);
    expect(day.commands).toHaveLength(380);
    expect(new Set(of('revise').map(({ change }) => change.kind))).toEqual(
      new Set(['refile', 'update', 'clarification', 'correction']),
    );
    expect(of('revise').some(({ change }) => change.eraseEarlier)).toBe(true);
    expect(of('retract').length).toBeGreaterThan(2);
    expect(of('takedown').length).toBeGreaterThan(2);
    expect(of('channel').some(({ patch }) => patch.pinnedPostId)).toBe(true);
    expect(of('channel').some(({ patch }) => patch.headline)).toBe(true);
    const media = of('publish').flatMap(({ post }) => (post.media ?? []).map(({ type }) => type));
    expect(new Set(media)).toEqual(new Set(['image', 'video', 'link']));
  });

  it.each([1969, 1, 2, 3])('contains only writes that the rules accept (seed %i)', (seed) => {
    const { channel, commands } = sampleDay(seed);
    const renderer = createRenderer({ publicUrl: 'https://live.example' });
    parse(newChannelSchema, channel);
    const current = new Map<string, { revision: number; status: string }>();
    for (const command of commands) {
      if (command.type === 'publish') {
        const { id, body = '', derivedFrom = [], keyEvent, headline } = parse(newPostSchema, command.post);
        for (const from of derivedFrom) expect(current.get(from)?.status).toBe('published');
        if (keyEvent) expect(headline).toBeTruthy();
        expect(body).toContain(markOf(command.post.id, 1));
        renderer.render(body, { channelId: channel.id });
        current.set(id as string, { revision: 1, status: 'published' });
        continue;
      }
      if (command.type === 'channel') {
        const { pinnedPostId } = parse(channelPatchSchema, command.patch);
        if (pinnedPostId) expect(current.get(pinnedPostId)?.status).toBe('published');
        continue;
      }
      const post = current.get(command.postId);
      expect(post?.revision).toBe(command.revision);
      if (command.type === 'takedown') {
        parse(takedownSchema, command.note === undefined ? {} : { note: command.note });
        expect(post?.status).not.toBe('taken-down');
      } else {
        expect(post?.status).toBe('published');
        if (command.type === 'retract') parse(retractionSchema, { note: command.note });
        else {
          const { changes } = parse(revisionSchema, command.change);
          expect(changes.body).toContain(markOf(command.postId, command.revision + 1));
          renderer.render(changes.body ?? '', { channelId: channel.id });
        }
      }
      const status = command.type === 'revise' ? 'published' : command.type;
      current.set(command.postId, { revision: command.revision + 1, status: status === 'takedown' ? 'taken-down' : status });
    }
  });
});
