import {
  channelsQuerySchema,
  embedQuerySchema,
  oembedQuerySchema,
  postsQuerySchema,
  versionsQuerySchema,
} from '../protocol/schemas.ts';
import { type Operation, query, revalidated } from './operation.ts';

/** Pages, and the routes for whoever runs the server. */

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
    summary: 'Where faults of this server may be reported (RFC 9116)',
    description: 'Not there where `PRESSBOX_SECURITY_CONTACT` is not set.',
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
      state: 'Only those in this state.',
      limit: 'How many at most.',
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
    description: 'Complete without JavaScript, live with it.',
    who: 'anyone',
    query: query(postsQuerySchema.pick({ before: true, after: true }), {
      before: 'The newest posts below this `seq`.',
      after: 'The oldest posts above this `seq`, where `before` is not given.',
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
      'The page of the channel at that post, with those around it. It tells those who show a link to it what the post is.',
    who: 'anyone',
    ...pageOfPost,
  },
  {
    id: 'showVersions',
    group: 'Pages',
    method: 'get',
    path: '/live/{channelId}/{postId}/versions',
    summary: 'What a post said before',
    description:
      'Each of its changes, newest first, with its kind, time and note, the words that were removed in `<del>` and those that were added in `<ins>`. Erased versions are named and not shown. Complete without JavaScript, kept current with it.',
    who: 'anyone',
    query: query(versionsQuerySchema, { before: 'Only changes below this revision, as the page links to older ones.' }),
    ...pageOfPost,
  },
  {
    id: 'getElement',
    group: 'Pages',
    method: 'get',
    path: '/embed.js',
    summary: "The element for anyone's page",
    description:
      'A module that defines `<pressbox-live>`. Any page may load it; to read, its origin must be one of `PRESSBOX_ORIGINS`.',
    who: 'anyone',
    ...revalidated({ description: 'The script.', type: 'text/javascript' }),
  },
  {
    id: 'showInFrame',
    group: 'Pages',
    method: 'get',
    path: '/embed/{channelId}',
    summary: 'A channel, for a frame on any page',
    description: 'The element alone. It tells the page around how high it is: `{ type: "pressbox-height", channel, height }`.',
    who: 'anyone',
    query: query(embedQuerySchema, {
      theme: "The colours: `auto`, unless it is given, are those of the reader's device.",
      lang: "The language of the words around the posts; else the channel's.",
      times:
        "How times are told to a reader who has not chosen: in the coverage's zone, unless it is given, in their own, or as how long ago.",
      limit: 'Posts to begin with.',
    }),
    ...page,
  },
  {
    id: 'getOembed',
    group: 'Pages',
    method: 'get',
    path: '/oembed',
    summary: 'How to show a channel elsewhere, as oEmbed 1.0',
    description: 'Of type `rich`: its `html` is a frame.',
    who: 'anyone',
    query: query(oembedQuerySchema, {
      url: "The address of a channel's page on this server, or of a post's.",
      maxwidth: 'The frame is no wider, in pixels.',
      maxheight: 'Nor higher.',
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
    description: 'Both documents, for people.',
    who: 'anyone',
    ...page,
  },
  {
    id: 'getOpenApi',
    group: 'Documents',
    method: 'get',
    path: '/openapi.json',
    summary: 'HTTP, as OpenAPI 3.1',
    who: 'anyone',
    ...document,
  },
  {
    id: 'getAsyncApi',
    group: 'Documents',
    method: 'get',
    path: '/asyncapi.json',
    summary: 'Sockets and streams, as AsyncAPI 3',
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
    answers: [{ status: 200, description: 'The process answers.', schema: 'Health' }],
  },
  {
    id: 'isReady',
    group: 'Operating',
    method: 'get',
    path: '/readyz',
    summary: 'Readiness',
    description:
      'Also 200 while the store is out of reach or takes no writes, with `degraded`, the reason and since when: readers who are connected are better kept than sent elsewhere.',
    who: 'operator',
    answers: [
      { status: 200, description: 'It serves.', schema: 'Health' },
      { status: 503, description: 'It is starting, or going away.', schema: 'Health', headers: ['Retry-After'] },
    ],
  },
  {
    id: 'getMetrics',
    group: 'Operating',
    method: 'get',
    path: '/metrics',
    summary: 'Metrics',
    who: 'operator',
    answers: [{ status: 200, description: "Prometheus' text format.", type: 'text/plain' }],
  },
];
