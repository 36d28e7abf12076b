import { type CatchUp, isCorrection, isWithdrawn } from '../../../src/protocol/model.ts';
import { parseDocument } from '../trusted-html.ts';
import { basePath } from './base-path.ts';

/**
 * Keeps the page of a post's earlier versions, of a withdrawn post, or of a channel's corrections current. Long-polls the channel's
 * events from the cursor of the page. When an event concerns the page, or the channel may no longer be read, it replaces the page by
 * the server's current one. Only the server compares versions and knows which are erased and who may see them.
 */

/** How long the server may hold a request, seconds. Below the 30 s after which many proxies time out. */
const waitSeconds = 20;
/** Request timeout, milliseconds. */
const answerMs = 28_000;
/** Pause before the next request, ±25%; bounds the request rate of a busy channel. Doubles after each failure. Milliseconds. */
const gapMs = 1_000;
/** Upper bound of the pause, unless the server asks for more. */
const gapMostMs = 60_000;
/** The channel may not be read or no longer exists. */
const refusals = [401, 403, 404, 410];

let asking: AbortController | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let failures = 0;

async function ask(): Promise<void> {
  const main = document.querySelector<HTMLElement>('main[data-cursor]');
  // A page without a cursor is not followed: the channel may not be read or no longer exists.
  if (main === null) return;
  const { channel = '', post, cursor = '' } = main.dataset;
  const mine = new AbortController();
  asking = mine;
  let leastMs = 0;
  const get = async (address: string, accept: string) => {
    const answer = await fetch(address, { headers: { accept }, signal: mine.signal });
    if (answer.ok || refusals.includes(answer.status)) return answer;
    leastMs = Number(answer.headers.get('retry-after')) * 1_000 || 0;
    throw new Error(`Status ${answer.status}.`);
  };
  const late = setTimeout(() => mine.abort(), answerMs);
  try {
    const query = `after=${encodeURIComponent(cursor)}&wait=${waitSeconds}`;
    const answer = await get(`${basePath}/v1/channels/${encodeURIComponent(channel)}/events?${query}`, 'application/json');
    const catchUp: CatchUp | undefined = answer.ok ? await answer.json() : undefined;
    // Undefined: the channel may not be read, or has another history.
    const changes = catchUp?.mode === 'replay' ? catchUp.events : undefined;
    const own = changes?.filter((event) =>
      'channel' in event
        ? post === undefined
        : post === undefined
          ? isWithdrawn(event.post) || event.post.history.some(isCorrection)
          : event.post.id === post,
    );
    if (catchUp === undefined || own?.length !== 0) {
      for (const event of own ?? []) {
        if (!('post' in event && isWithdrawn(event.post))) continue;
        // The page is about nothing but the withdrawn post.
        if (post !== undefined) main.replaceChildren();
        for (const element of main.querySelectorAll(`[data-post="${event.post.id}"]`)) element.remove();
      }
      const page = await get(location.href, 'text/html');
      show(parseDocument(await page.text()));
      // The refusal may concern only the events request, and the page may come from a cache. Count it as a failure, so that the
      // pause grows.
      if (catchUp === undefined || document.querySelector('main')?.dataset.cursor === cursor) throw new Error('Nothing changed.');
    } else main.dataset.cursor = catchUp.cursor;
    failures = 0;
  } catch {
    failures += 1;
  }
  clearTimeout(late);
  if (asking !== mine) return;
  timer = setTimeout(ask, Math.max(leastMs, Math.min(gapMs * 2 ** failures, gapMostMs) * (0.75 + Math.random() / 2)));
}

function show(fresh: Document): void {
  // A captive portal may answer in the server's place.
  if (fresh.querySelector('meta[name=generator][content=Pressbox]') === null) throw new Error('Not a page of Pressbox.');
  const script = fresh.querySelector<HTMLScriptElement>('script[src]');
  // An inserted script does not run, so reload if the new page has another script: the post is visible again, or the server was
  // updated.
  if (script !== null && script.src !== import.meta.url) return location.reload();
  const { lang, dir } = fresh.documentElement;
  Object.assign(document.documentElement, { lang, dir });
  document.title = fresh.title;
  document.body.replaceWith(fresh.body);
}

function rest(): void {
  asking?.abort();
  asking = undefined;
  clearTimeout(timer);
}

/** Polls only while the page is visible: a browser has few connections to a server for all its tabs. */
function wake(): void {
  rest();
  failures = 0;
  if (!document.hidden) void ask();
}

document.addEventListener('visibilitychange', wake);
window.addEventListener('online', wake);
// Browsers do not put a page with a pending request into the back/forward cache.
window.addEventListener('pagehide', rest);
window.addEventListener('pageshow', ({ persisted }) => persisted && wake());
wake();
