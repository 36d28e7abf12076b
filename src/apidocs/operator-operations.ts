import {
  channelsQuerySchema,
  embedQuerySchema,
  oembedQuerySchema,
  postsQuerySchema,
  versionsQuerySchema,
} from '../protocol/schemas.ts';
import { type Operation, query, revalidated } from './operation.ts';

/** The routes of pages and API documents, and the routes for the operator of the server. */

const page = revalidated({ description: 'The page.', type: 'text/html' });
const pageOfPost = {
  ...page,
  problems: ['token-invalid', 'post-withdrawn'],
  statuses: { 'post-withdrawn': 410 },
} as const;
const document = revalidated({ description: 'The document.', type: 'application/json' });

export const operatingOperations: readonly Operation[] = [
  {
    id: 'getSecurityTxt',
    group: 'Operating',
    method: 'get',
    path: '/.well-known/security.txt',
    summary: 'The contact for security reports (RFC 9116)',
    description: '404 if `PRESSBOX_SECURITY_CONTACT` is not set.',
    who: 'anyone',
    answers: [{ status: 200, description: 'The contact.', type: 'text/plain' }],
    problems: ['not-found'],
  },
  {
    id: 'showChannels',
    group: 'Pages',
    method: 'get',
    path: '/',
    summary: 'The list of channels',
    who: 'anyone',
    query: query(channelsQuerySchema, {
      state: 'Only channels in this state.',
      order: '`activity`: by activity. Needs `state`.',
      limit: 'The maximum number of channels.',
      page: 'The next page, as the page links to it.',
    }),
    ...page,
  },
  {
    id: 'showChannel',
    group: 'Pages',
    method: 'get',
    path: '/live/{channelId}',
    summary: 'The page of a channel',
    description: 'Complete without JavaScript, and live with it.',
    who: 'anyone',
    query: query(postsQuerySchema.pick({ before: true, after: true }), {
      before: 'The newest posts below this `seq`.',
      after: 'The oldest posts above this `seq`, if `before` is not given.',
    }),
    ...page,
    problems: ['token-invalid'],
  },
  {
    id: 'showPost',
    group: 'Pages',
    method: 'get',
    path: '/live/{channelId}/{postId}',
    summary: 'The permanent link of a post',
    description:
      'The page of the channel at that post, with the posts around it. Its metadata describes the post for link previews.',
    who: 'anyone',
    ...pageOfPost,
  },
  {
    id: 'showVersions',
    group: 'Pages',
    method: 'get',
    path: '/live/{channelId}/{postId}/versions',
    summary: 'The earlier versions of a post',
    description:
      'Each change of the post, newest first, with its kind, time and note, removed words in `<del>` and added words in `<ins>`. Erased versions are listed without their text. Complete without JavaScript, and updated live with it.',
    who: 'anyone',
    query: query(versionsQuerySchema, { before: 'Only changes below this revision, as the page links to older ones.' }),
    ...pageOfPost,
  },
  {
    id: 'getElement',
    group: 'Pages',
    method: 'get',
    path: '/embed.js',
    summary: 'The element for pages of other sites',
    description:
      'A module that defines `<pressbox-live>`. Any page can load it. To read a channel, the origin of the page must be in `PRESSBOX_ORIGINS`.',
    who: 'anyone',
    ...revalidated({ description: 'The script.', type: 'text/javascript' }),
  },
  {
    id: 'showInFrame',
    group: 'Pages',
    method: 'get',
    path: '/embed/{channelId}',
    summary: 'A channel for a frame on any page',
    description:
      'A page with only the element. It sends its height to the page around it: `{ type: "pressbox-height", channel, height }`.',
    who: 'anyone',
    query: query(embedQuerySchema, {
      theme: "The colours. Default: `auto`, the colours of the reader's device.",
      lang: "The language of the text around the posts. Default: the channel's language.",
      times:
        "How times are shown to a reader who has not chosen: in the channel's time zone (default), in the reader's own, or as how long ago.",
      limit: 'The number of posts to begin with.',
    }),
    ...page,
  },
  {
    id: 'getOembed',
    group: 'Pages',
    method: 'get',
    path: '/oembed',
    summary: 'Embedding information as oEmbed 1.0',
    description: 'The type is `rich`, and `html` is a frame.',
    who: 'anyone',
    query: query(oembedQuerySchema, {
      url: "The address of a channel's or a post's page on this server.",
      maxwidth: 'The maximum width of the frame in pixels.',
      maxheight: 'The maximum height of the frame in pixels.',
      format: 'Only `json`.',
    }),
    ...document,
    problems: ['invalid-body', 'token-missing', 'not-found', 'channel-deleted', 'format-not-offered'],
  },
  {
    id: 'showDocuments',
    group: 'Documents',
    method: 'get',
    path: '/docs',
    summary: 'This page',
    description: 'Both API documents, as a page for people.',
    who: 'anyone',
    ...page,
  },
  {
    id: 'getOpenApi',
    group: 'Documents',
    method: 'get',
    path: '/openapi.json',
    summary: 'HTTP as OpenAPI 3.1',
    who: 'anyone',
    ...document,
  },
  {
    id: 'getAsyncApi',
    group: 'Documents',
    method: 'get',
    path: '/asyncapi.json',
    summary: 'Sockets and streams as AsyncAPI 3',
    who: 'anyone',
    ...document,
  },
  {
    id: 'isAlive',
    group: 'Operating',
    method: 'get',
    path: '/healthz',
    summary: 'Liveness',
    who: 'operator',
    answers: [{ status: 200, description: 'The process is running.', schema: 'Health' }],
  },
  {
    id: 'isReady',
    group: 'Operating',
    method: 'get',
    path: '/readyz',
    summary: 'Readiness',
    description:
      'Also 200 while the store is unreachable or refuses writes, with `degraded`, the reason and since when. Keeping connected readers is better than sending them elsewhere.',
    who: 'operator',
    answers: [
      { status: 200, description: 'The server is ready.', schema: 'Health' },
      { status: 503, description: 'The server is starting or shutting down.', schema: 'Health', headers: ['Retry-After'] },
    ],
  },
  {
    id: 'getMetrics',
    group: 'Operating',
    method: 'get',
    path: '/metrics',
    summary: 'Metrics',
    who: 'operator',
    answers: [{ status: 200, description: 'The metrics in the Prometheus text format.', type: 'text/plain' }],
  },
];
