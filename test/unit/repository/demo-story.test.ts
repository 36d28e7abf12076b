import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { asides } from '../../../demo/asides.ts';
import { type PostName, postIds } from '../../../demo/ids.ts';
import { pictureOf } from '../../../demo/pictures.ts';
import { correctsNewest, pauseMs, pauseOf, promisedMs, stepsNear } from '../../../demo/play.ts';
import type { Step } from '../../../demo/step.ts';
import { demoChannel, openingMinutes, story } from '../../../demo/story.ts';
import { createRenderer } from '../../../src/newsroom/render.ts';
import {
  newChannelSchema,
  newPostSchema,
  parse,
  postIdSchema,
  retractionSchema,
  revisionSchema,
} from '../../../src/protocol/schemas.ts';

const published = story.filter((step) => step.type === 'publish');
const of = <T extends Step['type']>(type: T) => story.filter((step): step is Extract<Step, { type: T }> => step.type === type);

describe('the story of the demo', () => {
  it('is accepted by the server as it is', () => {
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

  it('publishes each post once, and changes and restates only posts that it published before', () => {
    expect(published.map(({ name }) => name).toSorted()).toEqual(Object.keys(postIds).toSorted());
    expect(new Set(Object.values(postIds)).size).toBe(published.length);
    const current = new Set<PostName>();
    for (const step of story) {
      if (step.type === 'publish') {
        for (const name of step.post.derivedFrom ?? []) expect(current).toContain(name);
        current.add(step.name);
      } else {
        expect(current).toContain(step.name);
        if (step.type === 'retract') current.delete(step.name);
      }
    }
  });

  it('shows every feature of a channel', () => {
    expect(published.length).toBeGreaterThanOrEqual(40);
    expect(new Set(of('revise').map(({ kind }) => kind))).toEqual(new Set(['update', 'correction', 'clarification', 'refile']));
    expect(of('retract')).toHaveLength(1);
    const kinds = new Set(published.map(({ post }) => post.kind ?? 'update'));
    // A summary would be shown above the posts on a phone, and push new posts off the first screen.
    expect(kinds).toEqual(new Set(['update', 'breaking', 'analysis']));
    expect(published.some(({ post }) => post.keyEvent)).toBe(true);
    expect(published.some(({ post }) => post.media?.length)).toBe(true);
    expect(published.some(({ post }) => post.body?.includes('| --- |'))).toBe(true);
  });

  it('has no two key events in the same minute', () => {
    expect(openingMinutes.every((minutes, at) => minutes > (openingMinutes[at + 1] ?? 1))).toBe(true);
    expect(story.slice(0, openingMinutes.length).every(({ type }) => type === 'publish')).toBe(true);
    let sinceMs = openingMinutes.at(-1) ?? 0;
    for (const step of story.slice(openingMinutes.length)) {
      sinceMs += pauseOf(step);
      if (step.type !== 'publish' || !step.post.keyEvent) continue;
      // The first key event comes more than a minute after those that were published before the demo began.
      if (step.name !== 'landing') expect(sinceMs).toBeGreaterThanOrEqual(60_000);
      sinceMs = 0;
    }
  });

  it('corrects its newest post soon after it begins, within the promised time', () => {
    const first = story.findIndex(correctsNewest);
    const steps = story.slice(openingMinutes.length, first + 1);
    expect(steps.length).toBeLessThanOrEqual(stepsNear);
    // Six seconds are left for loading the page, for the check for readers, and for a busy machine.
    expect(steps.reduce((sum, step) => sum + pauseOf(step), 0)).toBeLessThanOrEqual(promisedMs - 6_000);
    expect(pauseMs.most * stepsNear).toBeLessThan(promisedMs);
  });

  it('has only existing pictures, each with a description', () => {
    const pictured = published.flatMap(({ name }) => pictureOf(name, 'http://127.0.0.1:4000/') ?? []);
    expect(new Set(pictured.map(({ url }) => url)).size).toBe(
      readdirSync(new URL('../../../demo/pictures', import.meta.url)).length,
    );
    for (const { url, alt, caption } of pictured) {
      expect(url).toMatch(/^http:\/\/127\.0\.0\.1:4000\/assets\/demo-[\w-]+\.[\w-]{12}\.svg$/);
      expect(alt).not.toBe('');
      expect(caption).not.toBe('');
    }
  });

  it('has asides that differ from their corrections and are accepted by the server', () => {
    for (const { headline, body, corrected, note } of asides) {
      parse(newPostSchema, { headline, body });
      parse(revisionSchema, { kind: 'correction', note, changes: { body: corrected } });
      expect(corrected).not.toBe(body);
    }
  });

  it('completes every developing post, and corrects or retracts every unverified one', () => {
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
