import { describe, expect, it } from 'vitest';
import { type PostName, postIds } from '../../demo/ids.ts';
import type { Step } from '../../demo/step.ts';
import { demoChannel, story } from '../../demo/story.ts';
import { createRenderer } from '../../src/desk/render.ts';
import {
  newChannelSchema,
  newPostSchema,
  parse,
  postIdSchema,
  retractionSchema,
  revisionSchema,
} from '../../src/protocol/schemas.ts';

const published = story.filter((step) => step.type === 'publish');
const of = <T extends Step['type']>(type: T) => story.filter((step): step is Extract<Step, { type: T }> => step.type === type);

describe('the story of the demo', () => {
  it('is taken by the server as it is', () => {
    parse(newChannelSchema, demoChannel);
    const renderer = createRenderer({ publicUrl: 'https://live.example' });
    for (const step of story) {
      parse(postIdSchema, postIds[step.name]);
      switch (step.type) {
        case 'publish':
          parse(newPostSchema, {
            ...step.post,
            id: postIds[step.name],
            derivedFrom: step.post.derivedFrom?.map((name) => postIds[name]),
          });
          renderer.render(step.post.body ?? '', { channelId: demoChannel.id });
          if (step.post.keyEvent) expect(step.post.headline).toBeTruthy();
          break;
        case 'revise':
          parse(revisionSchema, { kind: step.kind, note: step.note, changes: step.changes });
          if (step.kind !== 'refile') expect(step.note).toBeTruthy();
          break;
        case 'retract':
          parse(retractionSchema, { note: step.note });
      }
    }
  });

  it('publishes each post once, and changes, pins and restates only what was published before', () => {
    expect(published.map(({ name }) => name).toSorted()).toEqual(Object.keys(postIds).toSorted());
    expect(new Set(Object.values(postIds)).size).toBe(published.length);
    const standing = new Set<PostName>();
    for (const step of story) {
      if (step.type === 'publish') {
        for (const name of step.post.derivedFrom ?? []) expect(standing).toContain(name);
        standing.add(step.name);
      } else {
        expect(standing).toContain(step.name);
        if (step.type === 'retract') standing.delete(step.name);
      }
    }
  });

  it('shows everything that a channel can do', () => {
    expect(published.length).toBeGreaterThanOrEqual(40);
    expect(new Set(of('revise').map(({ kind }) => kind))).toEqual(new Set(['update', 'correction', 'clarification', 'refile']));
    expect(of('retract')).toHaveLength(1);
    expect(of('pin')).toHaveLength(1);
    const kinds = new Set(published.map(({ post }) => post.kind ?? 'update'));
    expect(kinds).toEqual(new Set(['update', 'breaking', 'summary', 'analysis']));
    expect(published.some(({ post }) => post.keyEvent)).toBe(true);
    expect(published.some(({ post }) => post.media?.length)).toBe(true);
    expect(published.some(({ post }) => post.body?.includes('| --- |'))).toBe(true);
  });

  it('fills in every post that said more would follow, and corrects what was not verified', () => {
    const developing = published.filter(({ post }) => post.developing);
    const unverified = published.filter(({ post }) => post.verification === 'unverified');
    for (const some of [developing, unverified]) expect(some).not.toEqual([]);
    for (const { name } of developing) {
      expect(of('revise').some((step) => step.name === name && step.changes.developing === false)).toBe(true);
    }
    for (const { name } of unverified) {
      const corrected = of('revise').some((step) => step.name === name && step.kind === 'correction');
      expect(corrected || of('retract').some((step) => step.name === name)).toBe(true);
    }
  });
});
