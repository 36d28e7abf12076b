import { expect } from 'vitest';
import { applyCatchUp, applyEvent, fits } from '../../../client/lib/timeline/timeline.ts';
import type { Timeline } from '../../../client/lib/timeline/timeline-model.ts';
import { applyPage, applyPost, applySummaryPage, needs, type PageAsk } from '../../../client/lib/timeline/timeline-pages.ts';
import type { HeldState, Scenario } from '../../../conformance/client-rules.ts';
import type { Event } from '../../../src/protocol/model.ts';

/** Plays a scenario of the rules for clients to the timeline of `pressbox/client`, as the tests of another client would. */
export function play({ steps }: Scenario): void {
  let timeline: Timeline | undefined;
  const asked = new Map<string, PageAsk>();
  for (const step of steps) {
    if ('catchUp' in step) {
      timeline = applyCatchUp(timeline, step.catchUp);
      continue;
    }
    if (timeline === undefined) throw new Error('A scenario begins with a catch-up.');
    if ('event' in step) {
      const event = step.event as Event;
      const doubled = event.offset <= timeline.offset;
      expect(fits(timeline, event) ? 'apply' : doubled ? 'ignore' : 'subscribe-again').toBe(step.does);
      timeline = applyEvent(timeline, event);
    } else if ('ask' in step) asked.set(step.ask, { before: step.before, window: timeline.window });
    else if ('answer' in step) timeline = applyPage(timeline, step.page, asked.get(step.answer) as PageAsk);
    else if ('post' in step) timeline = applyPost(timeline, step.post);
    else if ('mustAsk' in step) {
      const { mustAsk } = step;
      const wanted = mustAsk === 'summary' ? { ask: 'summary' } : { ask: 'post', id: mustAsk.post };
      expect(needs(timeline)).toContainEqual(expect.objectContaining(wanted));
    } else if ('summaries' in step) {
      const ask = needs(timeline).find((need) => need.ask === 'summary');
      if (ask === undefined) throw new Error('The summary was not asked for.');
      timeline = applySummaryPage(timeline, step.summaries, ask);
    } else expect(heldBy(timeline)).toEqual(step.holds);
  }
}

function heldBy({ offset, cursor, posts, pinned, summary, keyEvents }: Timeline): HeldState {
  return {
    offset,
    cursor,
    posts: posts.map(({ id, revision, status, headline }) => ({ id, revision, status, headline })),
    pinned: pinned?.id ?? null,
    summary: summary?.id ?? null,
    keyEvents: keyEvents.map(({ id }) => id),
  };
}
