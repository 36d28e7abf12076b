import { Announcer } from '../announcer.ts';
import { siteWordsIn } from '../i18n/site.ts';
import { morph } from '../morph.ts';
import { preserveScroll } from '../scroll-anchor.ts';
import { TimeDisplay } from '../time-display.ts';
import { parseDocument } from '../trusted-html.ts';
import { textBeside, wordsOf } from '../view/wording/time.ts';
import { agoText, ownZone } from '../view/wording/time-choice.ts';

/**
 * The script of `/`. Polls its own page with the last entity tag and applies what changed. Only the server renders the list and
 * knows who may see which channel, including new channels. An answer without changes has no body. Following every channel live
 * would show posts some seconds sooner, which a list does not need.
 */

/** Poll interval while the page is visible, ±25%, so that pages opened together do not poll together. Milliseconds. */
const pollMs = 20_000;
/** The interval doubles after each failure, up to this. */
const maxPollMs = 300_000;
/** Request timeout, milliseconds. */
const answerMs = 10_000;
/** How often relative times are updated. Milliseconds. */
const tickMs = 15_000;

/** The lists, by the state of their channels. */
const lists = { live: 'channels', scheduled: 'scheduled', ended: 'ended' };

const list = document.getElementById(lists.live);
if (list !== null) run(list);

function run(list: HTMLElement): void {
  const { lang: language } = document.documentElement;
  const words = wordsOf({ language });
  const announcer = new Announcer(() => ({ language }));
  const times = new TimeDisplay({
    setting: { language, timezone: null },
    preservingScroll: keepPlace,
  });
  let etag: string | null = null;
  let trueAt = Date.now();
  let askedAt = Date.now();
  let failures = 0;
  let asking = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Applies a change without moving the entry that is being read, in whichever list it is. */
  function keepPlace(change: () => void): void {
    const filled = Object.values(lists).flatMap((id) => document.querySelector<HTMLElement>(`#${id}:has(> *)`) ?? []);
    const read = filled.find((each) => each.getBoundingClientRect().bottom > 0) ?? filled.at(-1) ?? list;
    // Only at the top of the page do additions push down what is below them.
    preserveScroll(read, change, undefined, read !== filled[0]);
  }

  /** Sets the times that are always relative. One that is too old for it becomes a date with the next answer. */
  function showAges(within: ParentNode): void {
    for (const time of within.querySelectorAll<HTMLTimeElement>('time.ago')) {
      const text = agoText(time.dateTime, Date.now(), { language: time.closest<HTMLElement>('[lang]')?.lang ?? language });
      if (text !== null && text !== time.textContent) time.textContent = text;
    }
  }

  async function ask(): Promise<void> {
    if (asking) return;
    asking = true;
    clearTimeout(timer);
    askedAt = Date.now();
    let waitMs = 0;
    try {
      const answer = await fetch(location.href, {
        headers: { accept: 'text/html', ...(etag !== null && { 'if-none-match': etag }) },
        signal: AbortSignal.timeout(answerMs),
      });
      waitMs = Number(answer.headers.get('retry-after') ?? 0) * 1_000 || 0;
      if (answer.status === 200) {
        const fresh = parseDocument(await answer.text());
        // A captive portal may answer in the server's place.
        if (fresh.getElementById(list.id) === null) throw new Error('Not a page of Pressbox.');
        show(fresh);
        etag = answer.headers.get('etag');
      } else if (answer.status !== 304) throw new Error(`Status ${answer.status}.`);
      trueAt = askedAt;
      failures = 0;
    } catch {
      failures += 1;
    }
    asking = false;
    showConnection();
    wait(waitMs);
  }

  function wait(leastMs = 0): void {
    clearTimeout(timer);
    if (document.hidden) return;
    const ms = Math.min(pollMs * 2 ** failures, maxPollMs) * (0.75 + Math.random() / 2);
    timer = setTimeout(ask, Math.max(ms, leastMs));
  }

  function show(fresh: Document): void {
    times.decorate(fresh);
    showAges(fresh);
    const before = liveStatesIn(document);
    const after = liveStatesIn(fresh);
    const focused = document.activeElement as HTMLElement | null;
    keepPlace(() => {
      showLists(fresh);
      for (const id of ['missing', 'none', 'more-live', 'more-scheduled', 'earlier']) {
        const [now, then] = [document.getElementById(id), fresh.getElementById(id)];
        if (now !== null && then !== null) morph(now, then);
      }
    });
    // An element that was moved in the document has lost the focus.
    if (focused !== document.activeElement && focused?.isConnected) focused.focus({ preventScroll: true });
    const { saidLive, saidEnded } = siteWordsIn(language);
    for (const [id, { live, headline }] of after) {
      const wasLive = before.get(id)?.live === true;
      if (live !== wasLive) announcer.announce((live ? saidLive : saidEnded)(headline));
    }
  }

  function showConnection(): void {
    const [element, text] = [document.getElementById('connection'), document.getElementById('connection-text')];
    if (element === null || text === null) return;
    const [at, now] = [new Date(trueAt).toISOString(), new Date().toISOString()];
    const asOf = textBeside(at, now, { language, timezone: ownZone() ?? 'UTC' });
    const sentence = failures === 0 ? words.upToDate : navigator.onLine ? words.reconnecting(asOf) : words.offline(asOf);
    if (text.textContent !== sentence) text.textContent = sentence;
    element.dataset.state = failures === 0 ? 'live' : 'waiting';
  }

  /** Updates at once when the reader or the network returns. */
  const onReturn = () => {
    if (!document.hidden && (failures > 0 || Date.now() - askedAt >= pollMs)) void ask();
    else wait();
  };

  document.addEventListener('visibilitychange', onReturn);
  window.addEventListener('pageshow', ({ persisted }) => persisted && onReturn());
  window.addEventListener('online', onReturn);
  times.start();
  setInterval(() => document.hidden || showAges(document), tickMs);
  showConnection();
  wait();
}

/** Arranges the lists like the fresh page. Entries keep their element, also from one list to another. */
function showLists(fresh: Document): void {
  const entries = new Map(entriesOf(document).map((entry) => [entry.dataset.channel, entry]));
  const ids = new Set(entriesOf(fresh).map(({ dataset }) => dataset.channel));
  for (const [channel, entry] of entries) if (!ids.has(channel)) entry.remove();
  for (const id of Object.values(lists)) {
    const list = document.getElementById(id);
    if (list === null) continue;
    let next = list.firstElementChild;
    for (const entry of entriesOf(fresh, `#${id}`)) {
      const stays = entries.get(entry.dataset.channel);
      if (stays !== undefined) morph(stays, entry);
      const shown = stays ?? entry;
      if (shown === next) next = next.nextElementSibling;
      else list.insertBefore(shown, next);
    }
  }
}

function entriesOf(page: Document, within = '.channels'): HTMLElement[] {
  return [...page.querySelectorAll<HTMLElement>(`${within} > [data-channel]`)];
}

/** The state and headline of each channel on a page. */
function liveStatesIn(page: Document): Map<string | undefined, { live: boolean; headline: string }> {
  return new Map(
    entriesOf(page).map((entry) => [
      entry.dataset.channel,
      { live: entry.dataset.state === 'live', headline: entry.querySelector('h3')?.textContent ?? '' },
    ]),
  );
}
