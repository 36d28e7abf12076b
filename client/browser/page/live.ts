import { postAnchor } from '../../../src/protocol/addresses.ts';
import { pageMost } from '../../../src/protocol/client-limits.ts';
import { LiveReader } from '../../lib/live-reader.ts';
import type { ReaderState } from '../../lib/reader-types.ts';
import { fromSnapshot } from '../../lib/timeline/timeline.ts';
import type { Timeline } from '../../lib/timeline/timeline-model.ts';
import { Announcer } from '../announcer.ts';
import { ConnectionStatus, isForMembers, mayKeepShowing } from '../connection-status.ts';
import { isLoaded, loadWords } from '../i18n/index.ts';
import { preserveScroll } from '../scroll-anchor.ts';
import { TimeDisplay } from '../time-display.ts';
import { counted } from '../view/counts.ts';
import { dataElementId, liveBlogElementId, type PageData } from '../view/data.ts';
import { wordsOf } from '../view/time.ts';
import { pageWordsOf } from '../view/wording.ts';
import { LiveView } from './live-view.ts';
import { MissedSummary } from './missed-summary.ts';
import { restoreScroll } from './scroll-restore.ts';
import { enableSharing, linkedPostId } from './share.ts';

/**
 * The script of a channel's page. Goes on from the cursor that the page was made at, puts each change in its place, and leaves what
 * someone reads where it is. The list of channels has a script of its own, `front.ts`.
 */
const data = takeData();
if (data !== null) void loadWords(data.snapshot.channel.language).then(() => run(data));

/** Reads what the server left for the script, and takes it out of the document: a text that is withdrawn later must not stay in it. */
function takeData(): PageData | null {
  const element = document.getElementById(dataElementId);
  if (element === null) return null;
  element.remove();
  return JSON.parse(element.textContent ?? 'null');
}

function run(page: PageData): void {
  const started = timelineOf(page);
  const times: TimeDisplay = new TimeDisplay({
    setting: started.channel,
    renderInZone: () => {
      view.show(client.timeline ?? started);
      showStatus();
    },
    preservingScroll: (change) => preserveScroll(view.posts, change),
  });
  const view = new LiveView(started, page.marked, times);
  const words = () => wordsOf(view.channel);
  const announcer = new Announcer(() => view.channel);
  const status = new ConnectionStatus();
  const client = new LiveReader({ url: location.origin, channelId: started.channelId, timeline: started, asOf: page.at });
  const missedSummary = new MissedSummary({
    element: view.since,
    timeline: () => view.timeline,
    posts: view.posts,
    announce: (sentence) => announcer.announceInstead(sentence),
    decorate: times.decorate,
  });
  const showStatus = () => status.show(client.state, view.channel, client.trueAt);

  const forgetLiveBlog = () => document.getElementById(liveBlogElementId)?.remove();

  client.on('reset', () => {
    forgetLiveBlog();
    missedSummary.forget();
    view.revealNext();
  });
  client.on('event', (event, before) => {
    announcer.onEvent(event, before);
    missedSummary.onEvent(event);
    view.onEvent(event);
  });
  const trimPosts = () => {
    const { excess } = view;
    if (excess !== undefined) client.narrow(excess.floor, excess.ceiling);
  };
  const show = (timeline: Timeline) => {
    view.show(timeline);
    times.show(timeline.channel);
    missedSummary.render();
    showStatus();
    trimPosts();
  };
  client.on('timeline', (timeline) => {
    if (timeline.offset !== page.offset) forgetLiveBlog();
    if (isLoaded(timeline.channel.language)) return show(timeline);
    // The coverage has taken another language: what is the newest by then is shown in it.
    loadWords(timeline.channel.language).then(() => show(client.timeline ?? timeline));
  });
  client.on('state', (state: ReaderState) => {
    showStatus();
    missedSummary.onState(state);
    if (state.status !== 'ended' || mayKeepShowing(state, view.channel)) return;
    forgetLiveBlog();
    missedSummary.forgetChannel();
    view.clear(isForMembers(state) ? words().forMembers : status.text);
  });

  window.addEventListener('offline', showStatus);
  document.addEventListener('visibilitychange', () => {
    view.onVisible();
    // What it is true as of may have become another day.
    showStatus();
  });
  window.addEventListener('scroll', () => view.onScroll(), { passive: true });
  view.button.addEventListener('click', () => view.revealHeldBack());
  document.addEventListener('click', (click) => {
    const link = (click.target as Element).closest('a');
    if (link === null || click.ctrlKey || click.metaKey || click.shiftKey || click.altKey || click.button !== 0) return;
    const id = linkedPostId(link, started.channelId);
    if (id !== undefined && view.post(id) !== undefined) {
      click.preventDefault();
      // It may wait to be shown.
      if (document.getElementById(postAnchor(id)) === null) view.reveal();
      // Other than `location.hash`, this leads there again and again.
      location.href = `#${postAnchor(id)}`;
      return;
    }
    const way = link.dataset.page as 'older' | 'newer' | undefined;
    if (way === undefined) return;
    click.preventDefault();
    view
      .page(way, () => (way === 'older' ? client.loadOlder() : client.loadNewer()))
      .then((count) => {
        trimPosts();
        const { saidOlder, saidNewer } = pageWordsOf(view.channel);
        announcer.announce(counted(way === 'older' ? saidOlder : saidNewer, count, view.channel));
      })
      // Without an answer the link does what it does without the script, unless that takes away what there is to read.
      .catch(() => (status.isWaiting ? announcer.announce(status.text) : location.assign(link.href)));
  });

  enableSharing(words, (sentence) => announcer.announce(sentence));
  showStatus();
  times.start();
  const isBack = restoreScroll({
    posts: view.posts,
    timeline: () => client.timeline ?? started,
    load: (way) => view.load(way, () => (way === 'older' ? client.loadOlder(pageMost) : client.loadNewer(pageMost))),
    moveTo: (seq) => view.load('older', () => client.moveTo(seq + 1)),
  });
  view.openAtMarked(isBack);
  client.open();
}

/** The window that the page shows: down from the newest post, or from a place below it, where new posts have no room. */
function timelineOf({ snapshot, offset, floor, ceiling, newest }: PageData): Timeline {
  const timeline = fromSnapshot(snapshot, offset);
  return { ...timeline, floor, ceiling, newestSeq: Math.max(timeline.newestSeq, newest) };
}
