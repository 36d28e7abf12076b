import { address, channelId, contact, type Example, inChannel, post, rumour, soFar, totality } from './example.ts';
import { exampleCursor } from './example-cursors.ts';
import { refusals, sessions } from './refusals.ts';
import { uploads } from './upload-examples.ts';

/** The examples of the documents, in the order in which they are sent: the requests of one short channel. */

const opening: Example = {
  operation: 'openChannel',
  name: 'A channel for tomorrow',
  as: 'editor',
  headers: { 'Idempotency-Key': 'open-eclipse-day' },
  body: {
    id: channelId,
    state: 'scheduled',
    headline: 'The eclipse over Spain, live',
    standfirst: 'From first contact at Oviedo to sunset on Mallorca.',
    section: 'Science',
    timezone: 'Europe/Madrid',
    byline: [{ name: 'Ada Byron', role: 'Science editor' }],
    picture: {
      url: 'https://pictures.example.org/oviedo.jpg',
      alt: 'The roofs of Oviedo under a low evening sun',
      credit: 'Grace Murray',
      width: 2400,
      height: 1350,
    },
    startsAt: '2026-08-12T17:30:00+02:00',
  },
  status: 201,
};

const life: readonly Example[] = [
  opening,
  { ...opening, name: 'Sent again with the same key' },
  {
    operation: 'changeChannel',
    name: 'The channel goes live',
    as: 'editor',
    path: inChannel,
    headers: { 'If-Match': '"1"', 'Idempotency-Key': 'live-eclipse-day' },
    type: 'application/merge-patch+json',
    body: { state: 'live' },
    status: 200,
  },
  {
    operation: 'publishPost',
    name: 'A report',
    as: 'author',
    path: inChannel,
    headers: { 'Idempotency-Key': '7f1c1a52-first-contact' },
    body: {
      id: contact,
      headline: 'First contact',
      keyEvent: true,
      body: 'The Moon has touched the Sun at **19:32** over Oviedo.',
    },
    status: 201,
  },
  {
    operation: 'publishPost',
    name: 'With a picture and a source',
    as: 'author',
    path: inChannel,
    headers: { 'Idempotency-Key': '7f1c1a52-totality' },
    body: {
      id: totality,
      kind: 'breaking',
      headline: 'Totality',
      body: 'It is dark over Oviedo for two minutes and 48 seconds.',
      media: [
        {
          type: 'image',
          url: 'https://pictures.example.org/corona.jpg',
          alt: 'The corona around a black disc, above the roofs of Oviedo',
          credit: 'Grace Murray',
          width: 2400,
          height: 1600,
          focus: { x: 0.5, y: 0.3 },
        },
      ],
      sources: [{ name: 'Observatorio de Oviedo', url: 'https://observatory.example.org/' }],
      verification: 'unverified',
    },
    status: 201,
  },
  {
    operation: 'publishPost',
    name: 'A summary of other posts',
    as: 'author',
    path: inChannel,
    headers: { 'Idempotency-Key': '7f1c1a52-so-far' },
    body: {
      id: soFar,
      kind: 'summary',
      headline: 'The story so far',
      body: `- [First contact](post:${contact}) at 19:32\n- [Totality](post:${totality}) of 2 minutes 48`,
      derivedFrom: [contact, totality],
    },
    status: 201,
  },
  {
    operation: 'revisePost',
    name: 'A correction',
    as: 'author',
    path: post(totality),
    headers: { 'If-Match': '"1"', 'Idempotency-Key': '7f1c1a52-correct' },
    body: {
      kind: 'correction',
      note: 'Totality lasted one minute and 48 seconds. We wrote two minutes and 48.',
      changes: { body: 'It was dark over Oviedo for one minute and 48 seconds.', verification: 'verified' },
    },
    status: 200,
  },
  {
    operation: 'changeChannel',
    name: 'A post is pinned',
    as: 'editor',
    path: inChannel,
    headers: { 'If-Match': '"2"' },
    body: { pinnedPostId: totality },
    status: 200,
  },
];

const questions: readonly Example[] = [
  { operation: 'listChannels', name: 'Live channels', query: { state: 'live', limit: 10 }, status: 200 },
  { operation: 'getChannel', name: 'One channel', path: inChannel, status: 200 },
  { operation: 'getChannel', name: 'Not changed since', path: inChannel, headers: { 'If-None-Match': '"3"' }, status: 304 },
  { operation: 'getSnapshot', name: 'With two posts', path: inChannel, query: { limit: 2 }, status: 200 },
  {
    operation: 'catchUp',
    name: 'Since a cursor',
    path: inChannel,
    query: { after: exampleCursor(0, 4) },
    status: 200,
  },
  {
    operation: 'catchUp',
    name: 'Held until there is an event',
    path: inChannel,
    query: { after: exampleCursor(0, 6), wait: 25 },
    status: 200,
  },
  {
    operation: 'stream',
    name: 'From a cursor',
    path: inChannel,
    headers: { 'Last-Event-ID': exampleCursor(0, 6) },
    status: 200,
  },
  {
    operation: 'catchUp',
    name: 'No new events',
    path: inChannel,
    query: { after: exampleCursor(0, 7) },
    status: 200,
  },
  {
    operation: 'catchUp',
    name: 'A cursor of another history',
    path: inChannel,
    query: { after: exampleCursor(9, 12) },
    status: 200,
  },
  { operation: 'listPosts', name: 'The two newest', path: inChannel, query: { limit: 2 }, status: 200 },
  { operation: 'listPosts', name: 'Key events', path: inChannel, query: { keyEvent: true }, status: 200 },
  { operation: 'getPost', name: 'As readers see it', path: post(totality), status: 200 },
  { operation: 'getPost', name: 'As its author sees it', as: 'author', path: post(totality), status: 200 },
  { operation: 'listRevisions', name: 'Both revisions', path: post(totality), status: 200 },
  { operation: 'listCorrections', name: 'The newest', path: inChannel, status: 200 },
  { operation: 'readJournal', name: 'From the beginning', as: 'editor', path: inChannel, query: { limit: 3 }, status: 200 },
  { operation: 'readServerJournal', name: 'From the second entry', as: 'admin', query: { from: 2, limit: 3 }, status: 200 },
];

const feeds: readonly Example[] = [
  { operation: 'getAtomFeed', name: 'The newest posts', path: inChannel, query: { limit: 2 }, status: 200 },
  { operation: 'getJsonFeed', name: 'Key events', path: inChannel, query: { keyEvent: true }, status: 200 },
  { operation: 'getLiveBlog', name: 'The newest posts', path: inChannel, status: 200 },
  { operation: 'getNinjs', name: 'The newest posts', path: inChannel, status: 200 },
  // Sent out of order, so that the times in later examples stay the same.
  { operation: 'getCorrectionsFeed', name: 'The newest corrections', path: inChannel, status: 200, during: 'socket' },
];

const machines: readonly Example[] = [
  { operation: 'exportChannel', name: 'With all its history', as: 'editor', path: inChannel, status: 200 },
  {
    operation: 'import',
    name: 'A channel of another system',
    as: 'admin',
    type: 'application/x-ndjson',
    body: {
      channel: {
        id: 'eclipse-1999',
        state: 'ended',
        headline: 'Dark over Europe',
        standfirst: null,
        section: 'Science',
        byline: [{ name: 'Ada Byron' }],
        language: 'en',
        timezone: 'Europe/London',
        access: 'public',
        url: null,
        pinnedPostId: null,
        startsAt: null,
        createdAt: '1999-08-11T08:00:00.000Z',
        startedAt: '1999-08-11T08:00:00.000Z',
        endedAt: '1999-08-11T14:00:00.000Z',
        updatedAt: null,
        revision: 1,
        history: [],
      },
    },
    status: 200,
  },
  {
    operation: 'revokeToken',
    name: 'A token that was stolen',
    as: 'admin',
    body: { jti: 'b9c0e2f4', expiresAt: '2026-08-13T06:00:00Z' },
    status: 200,
  },
];

const withdrawals: readonly Example[] = [
  {
    operation: 'publishPost',
    name: 'With a post of another site and a sound',
    as: 'author',
    path: inChannel,
    body: {
      id: rumour,
      headline: 'Clouds over Palma?',
      body: 'We hear that nothing will be seen on Mallorca.',
      media: [
        {
          type: 'link',
          url: 'https://x.com/example/status/1410250230453682177',
          title: 'A photograph of clouds',
          source: 'X',
          embed: { provider: 'x', id: '1410250230453682177' },
        },
        {
          type: 'link',
          url: 'https://radio.example.org/palma',
          title: 'A caller from Palma',
          source: 'Radio Example',
          audio: { url: 'https://radio.example.org/palma.m4a', mimeType: 'audio/mp4' },
        },
      ],
    },
    status: 201,
  },
  {
    operation: 'retractPost',
    name: 'The report was wrong',
    as: 'author',
    path: post(rumour),
    headers: { 'If-Match': '"1"' },
    body: { note: 'The sky over Palma is clear.' },
    status: 200,
  },
  { operation: 'getPost', name: 'A withdrawn post', path: post(rumour), status: 200 },
  {
    operation: 'retractPost',
    name: 'A post that was already retracted',
    as: 'author',
    path: post(rumour),
    body: { note: 'The sky over Palma is clear.' },
    status: 409,
  },
  {
    operation: 'publishPost',
    name: 'A post with a private address',
    as: 'author',
    path: inChannel,
    body: { id: address, headline: 'Where she lives', body: 'An address that nobody should have printed.' },
    status: 201,
  },
  {
    operation: 'takeDownPost',
    name: 'Erased everywhere',
    as: 'editor',
    path: post(address),
    body: { note: 'A private address.' },
    status: 200,
  },
  {
    operation: 'openChannel',
    name: 'A rehearsal',
    as: 'editor',
    body: { id: 'eclipse-rehearsal', headline: 'Rehearsal', access: 'desk', state: 'live' },
    status: 201,
  },
  {
    operation: 'deleteChannel',
    name: 'Changed since the cursor',
    as: 'admin',
    path: { channelId: 'eclipse-rehearsal' },
    query: { at: '000000000000.1.0000000000000000' },
    status: 412,
  },
  { operation: 'deleteChannel', name: 'Erased everywhere', as: 'admin', path: { channelId: 'eclipse-rehearsal' }, status: 204 },
  {
    operation: 'getChannel',
    name: 'A channel that was deleted',
    as: 'editor',
    path: { channelId: 'eclipse-rehearsal' },
    status: 410,
  },
  {
    operation: 'changeChannel',
    name: 'The channel ends',
    as: 'editor',
    path: inChannel,
    headers: { 'If-Match': '*' },
    body: { state: 'ended' },
    status: 200,
  },
  {
    operation: 'publishPost',
    name: 'In a channel that has ended',
    as: 'author',
    path: inChannel,
    body: { headline: 'One more thing' },
    status: 409,
  },
];

const pages: readonly Example[] = [
  { operation: 'showChannels', name: 'The list', status: 200 },
  { operation: 'showChannel', name: 'The newest posts', path: inChannel, status: 200 },
  { operation: 'showPost', name: 'A permanent link', path: post(contact), status: 200 },
  {
    operation: 'showVersions',
    name: 'The earlier versions',
    path: post(totality),
    status: 200,
    // Sent out of order: each request in order moves the clock, and with it the times in all later examples.
    during: 'socket',
  },
  {
    operation: 'showCorrections',
    name: 'The newest corrections',
    path: inChannel,
    status: 200,
    during: 'socket',
  },
  { operation: 'getElement', name: 'The script', status: 200 },
  { operation: 'showInFrame', name: 'The frame', path: inChannel, status: 200 },
  { operation: 'getFragment', name: 'The newest post', path: inChannel, query: { limit: 1 }, status: 200 },
  { operation: 'getFragment', name: 'A slot under the newest post', path: inChannel, query: { limit: 1, every: 1 }, status: 200 },
  {
    operation: 'getOembed',
    name: 'A frame of 480 pixels',
    query: { url: `https://live.example.org/live/${channelId}`, maxwidth: 480 },
    status: 200,
  },
  { operation: 'showDesk', name: 'The list', status: 308 },
  { operation: 'showDeskOfChannel', name: 'A coverage', path: inChannel, status: 200 },
  { operation: 'getDeskManifest', name: 'The manifest', status: 200 },
  { operation: 'getDeskWorker', name: 'The service worker', status: 200 },
  { operation: 'showDocuments', name: 'The page', status: 200 },
  { operation: 'getOpenApi', name: 'The document', status: 200 },
  { operation: 'getAsyncApi', name: 'The document', status: 200 },
  { operation: 'isAlive', name: 'The process is running', status: 200 },
  { operation: 'isReady', name: 'The server is ready', status: 200 },
  { operation: 'getMetrics', name: 'The metrics', status: 200 },
  { operation: 'getSecurityTxt', name: 'The contact', status: 200 },
];

/** Examples that are sent while something reads the journal's file, so that their erasures cannot complete yet. */
const withPendingErasures: readonly Example[] = [
  {
    operation: 'revisePost',
    name: 'An erasure that takes a while',
    as: 'editor',
    path: post(contact),
    headers: { 'If-Match': '"1"' },
    body: { kind: 'correction', note: 'It was 19:31.', changes: { body: 'At 19:31.' }, eraseEarlier: true },
    status: 202,
    during: 'hold',
  },
  {
    operation: 'takeDownPost',
    name: 'An erasure that takes a while',
    as: 'editor',
    path: { channelId: 'eclipse-north', postId: '01980f0f-a040-7065-9200-62a3be5f0006' },
    status: 202,
    during: 'hold',
  },
  {
    operation: 'deleteChannel',
    name: 'An erasure that takes a while',
    as: 'admin',
    path: { channelId: 'eclipse-south' },
    status: 202,
    during: 'hold',
  },
];

const leaving: readonly Example[] = [
  { operation: 'isReady', name: 'The server is shutting down', status: 503, during: 'drain' },
  { operation: 'listChannels', name: 'From a server that is shutting down', status: 503, during: 'drain' },
];

/** Channels and posts that the examples above need. */
const others: readonly Example[] = [
  {
    operation: 'openChannel',
    name: 'An id made from the headline',
    as: 'editor',
    body: { headline: 'Eclipse North', state: 'live' },
    status: 201,
  },
  {
    operation: 'publishPost',
    name: 'In another channel',
    as: 'editor',
    path: { channelId: 'eclipse-north' },
    body: { id: '01980f0f-a040-7065-9200-62a3be5f0006', body: 'A name that a court wants gone.' },
    status: 201,
    during: 'socket',
  },
  {
    operation: 'openChannel',
    name: 'For members',
    as: 'editor',
    body: { id: 'eclipse-south', headline: 'Eclipse South', access: 'members' },
    status: 201,
  },
];

export const examples: readonly Example[] = [
  ...life,
  ...questions,
  ...feeds,
  ...refusals,
  ...withdrawals,
  ...others,
  ...machines,
  ...sessions,
  ...pages,
  ...uploads,
  ...withPendingErasures,
  ...leaving,
];
