import { type CatchUp, isWithdrawn } from '../../../src/protocol/model.ts';
import { parseDocument } from '../trusted-html.ts';

/**
 * The script of pages that tell what became of a post: of its earlier versions, and that it was withdrawn. It waits for changes of the
 * channel from the cursor that the page was made at, and puts in the page as the server then has it when one is of its post, or when the
 * channel may be read no more. The server alone compares versions, and knows which are erased and who may see them.
 */

/** How long the server may hold a request, seconds: less than the half minute after which many proxies give up. */
const waitSeconds = 20;
/** An answer that takes longer is lost. Milliseconds. */
const answerMs = 28_000;
/** Before it asks again, give or take a quarter: a bound for busy coverage. Twice as long after each failure. Milliseconds. */
const gapMs = 1_000;
/** Up to this, or what the server asks for. */
const gapMostMs = 60_000;
/** The channel may not be read, or is there no more. */
const refusals = [401, 403, 404, 410];

let asking: AbortController | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
let failures = 0;

async function ask(): Promise<void> {
  const main = document.querySelector<HTMLElement>('main[data-cursor]');
  // What was put in is followed no further: it may not be read, or is there no more.
  if (main === null) return;
  const { channel = '', post, cursor = '' } = main.dataset;
  const mine = new AbortController();
  asking = mine;
  let leastMs = 0;
  const get = async (address: string, accept: string) => {
    const answer = await fetch(address, { headers: { accept }, signal: mine.signal });
    if (answer.ok || refusals.includes(answer.status)) return answer;
    leastMs = Number(answer.headers.get('retry-after')) * 1_000 || 0;
    throw new Error(`It was answered with ${answer.status}.`);
  };
  const late = setTimeout(() => mine.abort(), answerMs);
  try {
    const query = `after=${encodeURIComponent(cursor)}&wait=${waitSeconds}`;
    const answer = await get(`/v1/channels/${encodeURIComponent(channel)}/events?${query}`, 'application/json');
    const told: CatchUp | undefined = answer.ok ? await answer.json() : undefined;
    // Undefined: the channel may not be read, or has another history.
    const changes = told?.mode === 'replay' ? told.events : undefined;
    const own = changes?.flatMap((event) => ('post' in event && event.post.id === post ? [event.post] : []));
    if (told === undefined || own?.length !== 0) {
      if (own?.some(isWithdrawn)) main.replaceChildren();
      const page = await get(location.href, 'text/html');
      show(parseDocument(await page.text()));
      // A refusal may be about the question alone, and the page one that something on the way has kept: it asks less and less often.
      if (told === undefined || document.querySelector('main')?.dataset.cursor === cursor) throw new Error('It is as before.');
    } else main.dataset.cursor = told.cursor;
    failures = 0;
  } catch {
    failures += 1;
  }
  clearTimeout(late);
  if (asking !== mine) return;
  timer = setTimeout(ask, Math.max(leastMs, Math.min(gapMs * 2 ** failures, gapMostMs) * (0.75 + Math.random() / 2)));
}

function show(fresh: Document): void {
  // Networks that want to be signed in to answer in the place of the server.
  if (fresh.querySelector('meta[name=generator][content=Pressbox]') === null) throw new Error('It is another page.');
  const script = fresh.querySelector<HTMLScriptElement>('script[src]');
  // A script that is put in does not run: that of a post which is there again, or of a later version of this one.
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

/** While nobody sees the page it asks for nothing: a browser has few connections to a server for all of its tabs. */
function wake(): void {
  rest();
  failures = 0;
  if (!document.hidden) void ask();
}

document.addEventListener('visibilitychange', wake);
window.addEventListener('online', wake);
// No browser keeps a page to go back to that waits for an answer.
window.addEventListener('pagehide', rest);
window.addEventListener('pageshow', ({ persisted }) => persisted && wake());
wake();
