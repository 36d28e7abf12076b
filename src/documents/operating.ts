import { channelsQuerySchema, postsQuerySchema } from '../protocol/schemas.ts';
import { type Answer, type Operation, query } from './operation.ts';

/** Pages, and the routes for whoever runs the server. */

const page: Answer = { status: 200, description: 'The page.', type: 'text/html', headers: ['ETag'] };
const document: Answer = { status: 200, description: 'The document.', type: 'application/json', headers: ['ETag'] };
const notModified: Answer = { status: 304, description: 'What you hold still stands.', headers: ['ETag'] };
const takes = ['If-None-Match'] as const;

export const operatingOperations: readonly Operation[] = [
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
    takes,
    answers: [page, notModified],
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
    takes,
    answers: [page, notModified],
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
    takes,
    answers: [page, notModified],
    problems: ['post-withdrawn'],
    statuses: { 'post-withdrawn': 410 },
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
    takes,
    answers: [{ status: 200, description: 'The script.', type: 'text/javascript', headers: ['ETag'] }, notModified],
  },
  {
    id: 'showDocuments',
    group: 'Documents',
    method: 'get',
    path: '/docs',
    summary: 'This page',
    description: 'Both documents, for people.',
    who: 'anyone',
    takes,
    answers: [page, notModified],
  },
  {
    id: 'getOpenApi',
    group: 'Documents',
    method: 'get',
    path: '/openapi.json',
    summary: 'HTTP, as OpenAPI 3.1',
    who: 'anyone',
    takes,
    answers: [document, notModified],
  },
  {
    id: 'getAsyncApi',
    group: 'Documents',
    method: 'get',
    path: '/asyncapi.json',
    summary: 'Sockets and streams, as AsyncAPI 3',
    who: 'anyone',
    takes,
    answers: [document, notModified],
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
      'Also 200 while the store is out of reach, with `degraded` and the reason: readers who are connected are better kept than sent elsewhere.',
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
