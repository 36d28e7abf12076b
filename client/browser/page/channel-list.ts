import { Announcer } from '../announcer.ts';
import { siteWordsIn } from '../i18n/site.ts';
import { morph } from '../morph.ts';
import { preserveScroll } from '../scroll-anchor.ts';
import { TimeDisplay } from '../time-display.ts';
import { parseDocument } from '../trusted-html.ts';
import { textBeside, wordsOf } from '../view/time.ts';
import { ownZone } from '../view/time-choice.ts';

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

const list = document.getElementById('channels');
if (list !== null) run(list);

function run(list: HTMLElement): void {
  const { lang: language } = document.documentElement;
  const words = wordsOf({ language });
  const announcer = new Announcer(() => ({ language }));
  const times = new TimeDisplay({
    setting: { language, timezone: null },
    preservingScroll: (change) => preserveScroll(list, change),
  });
  let etag: string | null = null;
  let trueAt = Date.now();
  let askedAt = Date.now();
  let failures = 0;
  let asking = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

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
    const before = liveStatesIn(document);
    const after = liveStatesIn(fresh);
    const focused = document.activeElement as HTMLElement | null;
    preserveScroll(list, () => {
      showList(list, fresh);
      for (const id of ['missing', 'none', 'earlier']) {
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
  showConnection();
  wait();
}

/** Arranges the list like the fresh page. Entries that remain keep their element. */
function showList(list: HTMLElement, fresh: Document): void {
  const entries = new Map(entriesOf(document).map((entry) => [entry.dataset.channel, entry]));
  const wanted = entriesOf(fresh);
  const ids = new Set(wanted.map(({ dataset }) => dataset.channel));
  for (const [id, entry] of entries) if (!ids.has(id)) entry.remove();
  let next = list.firstElementChild;
  for (const entry of wanted) {
    const stays = entries.get(entry.dataset.channel);
    if (stays !== undefined) morph(stays, entry);
    const shown = stays ?? entry;
    if (shown === next) next = next.nextElementSibling;
    else list.insertBefore(shown, next);
  }
}

function entriesOf(page: Document): HTMLElement[] {
  return [...page.querySelectorAll<HTMLElement>('#channels > [data-channel]')];
}

/** The state and headline of each channel on a page. */
function liveStatesIn(page: Document): Map<string | undefined, { live: boolean; headline: string }> {
  return new Map(
    entriesOf(page).map((entry) => [
      entry.dataset.channel,
      { live: entry.dataset.state === 'live', headline: entry.querySelector('h2')?.textContent ?? '' },
    ]),
  );
}
