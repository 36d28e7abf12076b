import { channelId, contact, type Example, inChannel, post, totality } from './example.ts';

/** Examples of refused requests and of browser sessions. */

export const refusals: readonly Example[] = [
  {
    operation: 'publishPost',
    name: 'An invalid body',
    as: 'author',
    path: inChannel,
    body: { headline: '', colour: 'red', media: [{ type: 'image', url: '/pictures/sun.jpg', alt: 'The Sun' }] },
    status: 400,
  },
  { operation: 'publishPost', name: 'Without a token', path: inChannel, body: { headline: 'Me too' }, status: 401 },
  {
    operation: 'publishPost',
    name: 'With an invalid token',
    path: inChannel,
    token: 'nonsense',
    body: { headline: 'Me too' },
    status: 401,
  },
  {
    operation: 'publishPost',
    name: "With a reader's token",
    as: 'reader',
    path: inChannel,
    body: { headline: 'Me too' },
    status: 403,
  },
  {
    operation: 'getOembed',
    name: 'As XML',
    query: { url: 'https://live.example.org/live/eclipse', format: 'xml' },
    status: 501,
  },
  { operation: 'getSnapshot', name: 'A channel that does not exist', path: { channelId: 'eclipse-night' }, status: 404 },
  {
    operation: 'openChannel',
    name: 'An id that is taken',
    as: 'editor',
    body: { id: channelId, headline: 'The eclipse once more' },
    status: 409,
  },
  {
    operation: 'publishPost',
    name: 'An id that is taken',
    as: 'author',
    path: inChannel,
    body: { id: contact, headline: 'First contact' },
    status: 409,
  },
  {
    operation: 'revisePost',
    name: 'The post has changed since',
    as: 'editor',
    path: post(totality),
    headers: { 'If-Match': '"1"' },
    body: { kind: 'refile', changes: { headline: 'Totality!' } },
    status: 412,
  },
  {
    operation: 'publishPost',
    name: 'Another person is signed in',
    as: 'author',
    path: inChannel,
    headers: { 'Pressbox-Owner-Key': 'Xr4ilOzQ4PCOq3aQ0qbuaQ' },
    body: { headline: 'Written by a colleague' },
    status: 412,
  },
  {
    operation: 'publishPost',
    name: 'With an unsupported content type',
    as: 'author',
    path: inChannel,
    type: 'text/plain',
    body: { headline: 'Plain' },
    status: 415,
  },
  {
    operation: 'publishPost',
    name: 'A key for two posts',
    as: 'author',
    path: inChannel,
    headers: { 'Idempotency-Key': '7f1c1a52-totality' },
    body: { headline: 'Something else' },
    status: 422,
  },
  {
    operation: 'revisePost',
    name: 'Without If-Match',
    as: 'author',
    path: post(totality),
    body: { kind: 'refile', changes: { headline: 'Totality.' } },
    status: 428,
  },
  {
    operation: 'catchUp',
    name: 'An invalid cursor',
    path: inChannel,
    query: { after: 'yesterday' },
    status: 400,
  },
];

const origin = { Origin: 'https://live.example.org' };
const toMembers = { to: '/live/eclipse-south' };
const form = { type: 'application/x-www-form-urlencoded', headers: origin, status: 303 };

export const sessions: readonly Example[] = [
  { operation: 'startSession', name: 'From a page of the server', as: 'reader', status: 200 },
  { operation: 'startSession', name: 'By link', link: 'author', status: 200 },
  { operation: 'startSession', name: 'By a link that was used', link: 'author', status: 401 },
  { operation: 'startSession', name: 'Without a token', status: 401 },
  { operation: 'getSession', name: 'Nobody is signed in', status: 200 },
  { operation: 'getSession', name: 'A reader', as: 'reader', status: 200 },
  { operation: 'endSession', name: 'Signed out', status: 204 },
  { operation: 'showSignIn', name: 'The form', query: toMembers, status: 200 },
  {
    operation: 'signIn',
    name: 'With a pasted token',
    ...form,
    as: 'reader',
    body: { token: '$PRESSBOX_TOKEN', ...toMembers },
  },
  { operation: 'signOut', name: 'Back to the page', ...form, body: toMembers },
];
