import { postAnchor } from '../../../src/protocol/addresses.ts';
import { pageMost } from '../../../src/protocol/client-limits.ts';
import { LiveReader } from '../../lib/live-reader.ts';
import type { ReaderState } from '../../lib/reader-types.ts';
import { fromSnapshot } from '../../lib/timeline/timeline.ts';
import type { Timeline } from '../../lib/timeline/timeline-model.ts';
import { Announcer } from '../announcer.ts';
import { ConnectionStatus, isForMembers, mayKeepShowing } from '../connection-status.ts';
import { isLoaded, loadWords } from '../i18n/index.ts';
import { enableMedia, opensElsewhere } from '../media-press.ts';
import { trackReaderActivity } from '../reader-activity.ts';
import { preserveScroll } from '../scroll-anchor.ts';
import { TimeDisplay } from '../time-display.ts';
import { dataElementId, liveBlogElementId, type PageData } from '../view/data.ts';
import { counted } from '../view/wording/counts.ts';
import { wordsOf } from '../view/wording/time.ts';
import { pageWordsOf } from '../view/wording/wording.ts';
import { basePath } from './base-path.ts';
import { LiveView } from './live-view.ts';
import { MissedSummary } from './missed-summary.ts';
import { restoreScroll } from './scroll-restore.ts';
import { enableSharing, linkedPostId } from './share.ts';

/**
 * The script of a channel's page. Continues from the cursor of the page, and applies each change in place without moving what is
 * being read. The list of channels has its own script, `channel-list.ts`.
 */
const data = takeData();
if (data !== null) void loadWords(data.snapshot.channel.language).then(() => run(data));

/**
 * Reads the data that the server left for the script and removes it from the document, so that a text that is withdrawn later
 * does not stay in it.
 */
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
  const view = new LiveView(started, page, times);
  const words = () => wordsOf(view.channel);
  const announcer = new Announcer(() => view.channel);
  const status = new ConnectionStatus();
  const client = new LiveReader({
    url: location.origin + basePath,
    channelId: started.channelId,
    timeline: started,
    asOf: page.at,
  });
  const missedSummary = new MissedSummary({
    element: view.since,
    timeline: () => view.timeline,
    posts: view.posts,
    announce: (sentence) => announcer.announceInstead(sentence),
    decorate: times.decorate,
    setting: () => ({ basePath }),
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
    // The channel changed its language. Show the newest timeline once the words are loaded.
    loadWords(timeline.channel.language).then(() => show(client.timeline ?? timeline));
  });
  client.on('state', (state: ReaderState) => {
    showStatus();
    missedSummary.onState(state);
    announcer.onConnection(state.status, () => status.text);
    if (state.status !== 'ended' || mayKeepShowing(state, view.channel)) return;
    forgetLiveBlog();
    missedSummary.forgetChannel();
    view.clear(isForMembers(state) ? words().forMembers : status.text);
  });

  trackReaderActivity(window);
  window.addEventListener('offline', showStatus);
  document.addEventListener('visibilitychange', () => {
    view.onVisible();
    // The day of the "as of" time may have changed.
    showStatus();
  });
  window.addEventListener('scroll', () => view.onScroll(), { passive: true });
  document.addEventListener('toggle', () => view.onToggle(), true);
  view.pause.addEventListener('click', () => view.togglePause());
  view.button.addEventListener('click', () => {
    view.goToUnseen((id) => client.moveToPost(id)).catch(() => announcer.announce(status.text));
  });
  document.addEventListener('click', (click) => {
    const link = (click.target as Element).closest('a');
    if (link === null || opensElsewhere(click)) return;
    const id = linkedPostId(link, started.channelId);
    if (id !== undefined && view.post(id) !== undefined) {
      click.preventDefault();
      // The post may be held back.
      if (document.getElementById(postAnchor(id)) === null) view.reveal();
      document.getElementById(postAnchor(id))?.closest('details')?.setAttribute('open', '');
      // Unlike assigning `location.hash`, this jumps there every time.
      location.href = `#${postAnchor(id)}`;
      return;
    }
    const direction = link.dataset.page as 'older' | 'newer' | undefined;
    if (direction === undefined) return;
    click.preventDefault();
    view
      .page(direction, () => (direction === 'older' ? client.loadOlder() : client.loadNewer()))
      .then((count) => {
        trimPosts();
        const { saidOlder, saidNewer } = pageWordsOf(view.channel);
        announcer.announce(counted(direction === 'older' ? saidOlder : saidNewer, count, view.channel));
      })
      // If the request fails, follow the link as without a script, unless the reader is offline and would lose the page.
      .catch(() => (status.isWaiting ? announcer.announce(status.text) : location.assign(link.href)));
  });

  /** Loads the post that the address names, however old it is. */
  const goToFragment = async () => {
    const [, id] = /^#post-(.+)/.exec(location.hash) ?? [];
    if (id === undefined || document.getElementById(postAnchor(id)) !== null) return;
    if (view.post(id) === undefined) await view.load('newer', () => client.moveToPost(id));
    view.reveal();
    const element = document.getElementById(postAnchor(id));
    element?.scrollIntoView({ behavior: 'instant' });
    element?.focus({ preventScroll: true });
  };
  // A post that does not exist leaves the page as it is.
  const onFragment = () => void goToFragment().catch(() => {});
  window.addEventListener('hashchange', onFragment);

  enableMedia(document.documentElement, words);
  enableSharing(document.documentElement, words, (sentence) => announcer.announce(sentence));
  showStatus();
  times.start();
  const isBack = restoreScroll({
    posts: view.posts,
    timeline: () => client.timeline ?? started,
    load: (direction) =>
      view.load(direction, () => (direction === 'older' ? client.loadOlder(pageMost) : client.loadNewer(pageMost))),
    moveTo: (seq) => view.load('older', () => client.moveTo(seq + 1)),
  });
  view.openAtMarked(isBack);
  client.open();
  if (!isBack) onFragment();
}

/** The window that the page shows. If it starts below the newest post, new posts are not added to it. */
function timelineOf({ snapshot, offset, floor, ceiling, newest }: PageData): Timeline {
  const timeline = fromSnapshot(snapshot, offset);
  return { ...timeline, floor, ceiling, newestSeq: Math.max(timeline.newestSeq, newest) };
}
