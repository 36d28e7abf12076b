import { operations } from '../../../src/apidocs/operations.ts';

/** Every GET route of the API description with a request to it, for tests and benchmarks that must not miss a new route. */
export interface GetRoute {
  /** The `operationId`. */
  id: string;
  /** As in the description, such as `/live/{channelId}`. */
  route: string;
  /** Another request each time, as far as the route has parameters. */
  path: (nth: number) => string;
  cost: RouteCost;
}

/**
 * `built`: behind the door for expensive answers (`src/http/builds.ts`). A sentence: why the route needs no door. `token`: only for
 * authors and operators, who are known.
 */
export type RouteCost = 'built' | 'token' | { cheap: string };

export interface SampleChannel {
  url: string;
  channelId: string;
  /** The posts, oldest first. */
  posts: readonly { id: string; seq: number }[];
  /** A post with many revisions. */
  revised: { id: string; revisions: number };
}

type Sample = (of: SampleChannel) => Pick<GetRoute, 'path' | 'cost'>;

const api = ({ channelId }: SampleChannel) => `/v1/channels/${channelId}`;
const live = ({ channelId }: SampleChannel) => `/live/${channelId}`;
const postOf = ({ posts }: SampleChannel, nth: number) => posts.at(-1 - (nth % posts.length)) as { id: string; seq: number };
const limitOf = (nth: number) => 100 - (nth % 90);
const fixed =
  (path: string, cheap: string): Sample =>
  () => ({ path: () => path, cost: { cheap } });
const ofToken =
  (path: (of: SampleChannel) => string): Sample =>
  (of) => ({ path: () => path(of), cost: 'token' });
const feed =
  (file: string): Sample =>
  (of) => ({ path: (nth) => `${api(of)}/${file}?limit=${limitOf(nth)}&before=${postOf(of, nth).seq + 1}`, cost: 'built' });
const sharedBytes = { cheap: 'All readers get prefixes of the same bytes until the channel changes.' };
const file = 'The same bytes for everybody, in memory.';

const samples: Readonly<Record<string, Sample>> = {
  listChannels: () => ({
    path: (nth) => `/v1/channels?limit=${limitOf(nth)}`,
    cost: { cheap: 'At most 100 channels without posts, of one read.' },
  }),
  getChannel: (of) => ({ path: () => api(of), cost: { cheap: 'One channel without posts.' } }),
  getSnapshot: (of) => ({ path: (nth) => `${api(of)}/snapshot?limit=${limitOf(nth)}`, cost: sharedBytes }),
  catchUp: (of) => ({ path: (nth) => `${api(of)}/events?posts=${limitOf(nth)}`, cost: sharedBytes }),
  stream: (of) => ({
    path: (nth) => `${api(of)}/stream?posts=${limitOf(nth)}`,
    cost: { cheap: 'As a catch-up, under admission control.' },
  }),
  listPosts: (of) => ({
    path: (nth) => `${api(of)}/posts?limit=${limitOf(nth)}&before=${postOf(of, nth).seq + 1}`,
    cost: { cheap: 'One read of at most `postsBytes`, sent as it is.' },
  }),
  getPost: (of) => ({ path: (nth) => `${api(of)}/posts/${postOf(of, nth).id}`, cost: { cheap: 'One post, sent as it is.' } }),
  listRevisions: (of) => ({
    path: (nth) => `${api(of)}/posts/${of.revised.id}/revisions?limit=${limitOf(nth)}&after=${nth % of.revised.revisions}`,
    cost: 'built',
  }),
  listCorrections: (of) => ({
    path: (nth) => `${api(of)}/corrections?limit=${limitOf(nth)}`,
    cost: { cheap: 'Notes without the texts of posts, of one read.' },
  }),
  readJournal: ofToken((of) => `${api(of)}/journal`),
  readServerJournal: ofToken(() => '/v1/journal'),
  exportChannel: ofToken((of) => `${api(of)}/export`),
  listMedia: ofToken((of) => `${api(of)}/media`),
  getAtomFeed: feed('feed.atom'),
  getJsonFeed: feed('feed.json'),
  getLiveBlog: feed('liveblog.jsonld'),
  getNinjs: feed('ninjs.json'),
  getCorrectionsFeed: (of) => ({ path: (nth) => `${api(of)}/corrections.atom?limit=${limitOf(nth)}`, cost: 'built' }),
  getSession: fixed('/v1/session', 'Who is signed in.'),
  showSignIn: fixed('/sign-in', 'A form.'),
  // The first page, which requests share, is read ten times a second at most.
  showChannels: () => ({ path: (nth) => `/?limit=${limitOf(nth)}`, cost: 'built' }),
  showChannel: (of) => ({ path: (nth) => `${live(of)}?before=${postOf(of, nth).seq + 1}`, cost: 'built' }),
  showPost: (of) => ({ path: (nth) => `${live(of)}/${postOf(of, nth).id}`, cost: 'built' }),
  showVersions: (of) => ({
    path: (nth) =>
      `${live(of)}/${of.revised.id}/versions?before=${of.revised.revisions + 1 - (nth % (of.revised.revisions - 1))}`,
    cost: 'built',
  }),
  showCorrections: (of) => ({ path: (nth) => `${live(of)}/corrections?before=${100_000 - nth}`, cost: 'built' }),
  getMedia: (of) => ({
    path: () => `/media/${of.channelId}/0123456789abcdef/main.jpg`,
    cost: { cheap: 'A file, sent from the disk as the client takes it.' },
  }),
  getElement: fixed('/embed.js', file),
  showInFrame: (of) => ({ path: () => `/embed/${of.channelId}`, cost: { cheap: 'A page without posts.' } }),
  getFragment: (of) => ({ path: (nth) => `/embed/${of.channelId}/fragment?limit=${limitOf(nth)}`, cost: 'built' }),
  getOembed: (of) => ({
    path: () => `/oembed?url=${encodeURIComponent(`${of.url}${live(of)}`)}`,
    cost: { cheap: 'A line about a channel.' },
  }),
  showDesk: fixed('/desk', file),
  showDeskOfChannel: (of) => ({ path: () => `/desk/${of.channelId}`, cost: { cheap: file } }),
  getDeskManifest: fixed('/desk/manifest.webmanifest', file),
  getDeskWorker: fixed('/desk/service-worker.js', file),
  showDocuments: fixed('/docs', file),
  getOpenApi: fixed('/openapi.json', file),
  getAsyncApi: fixed('/asyncapi.json', file),
  getSecurityTxt: fixed('/.well-known/security.txt', 'A few lines.'),
  isAlive: fixed('/healthz', 'A line.'),
  isReady: fixed('/readyz', 'What was found out by the last probe.'),
  getMetrics: fixed('/metrics', 'For the operator, who can give it a port of its own.'),
};

/** Throws if the description has a GET route without a sample. */
export function getRoutes(of: SampleChannel): GetRoute[] {
  return operations
    .filter(({ method }) => method === 'get')
    .map(({ id, path }) => {
      const sample = samples[id];
      if (sample === undefined) throw new Error(`Name a request to ${path} (${id}) in get-routes.ts, and what it costs.`);
      return { id, route: path, ...sample(of) };
    });
}
