import type { CatchUp, Event } from '../../../src/protocol/model.ts';
import { adoptSheet } from '../adopted-sheets.ts';
import style from '../styles/missed-summary.css';

/**
 * Code for readers who return: the request for what changed meanwhile, the markup of the summary and its style. Only
 * readers who return load this file. It gets what the page's script already contains as arguments.
 */

export { renderSince } from '../view/page/missed-summary.ts';

/** The most pages of missed events that are requested. Later events are not counted. */
const maxCatchUpPages = 3;

/** Styles the summary in whatever document or shadow tree it is. */
export function adoptStyle(summary: HTMLElement): void {
  adoptSheet(summary.getRootNode() as Document | ShadowRoot, style);
}

/** The events since the cursor. Undefined if they are unknown: another history, or no answer. */
export async function changesSince(server: string, channelId: string, cursor: string): Promise<Event[] | undefined> {
  const events: Event[] = [];
  let after = cursor;
  try {
    for (let answers = 0; answers < maxCatchUpPages; answers += 1) {
      const path = `/v1/channels/${encodeURIComponent(channelId)}/events?limit=1000&after=${encodeURIComponent(after)}`;
      const answer = await fetch(server + path);
      const catchUp = (await answer.json()) as CatchUp;
      if (!answer.ok || catchUp.mode !== 'replay') return;
      events.push(...catchUp.events);
      if (!catchUp.more) break;
      after = catchUp.cursor;
    }
    return events;
  } catch {
    return;
  }
}
