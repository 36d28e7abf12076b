import { type EventSubject, type EventType, eventTypes, subjectOf } from '../protocol/model.ts';
import { limits } from '../protocol/wire-limits.ts';
import type { ComponentName } from './components.ts';
import { exampleCursor } from './example-cursors.ts';

/** What goes over sockets and streams, as data: the AsyncAPI document and the page are made of it. */
export interface Message {
  /** Its name on the wire. */
  name: string;
  title: string;
  description: string;
  payload: ComponentName;
  /** From a client: with what the server acknowledges it. */
  replies?: readonly ComponentName[];
}

const happened: Record<EventType, string> = {
  'post.published': 'A post was published',
  'post.revised': 'A post was changed',
  'post.retracted': 'A post was retracted',
  'post.taken-down': 'A post was taken down',
  'channel.changed': 'The channel was made or changed',
};
const eventPayloads: Record<EventSubject, ComponentName> = { post: 'PostEvent', channel: 'ChannelEvent' };

export const socketMessages: readonly Message[] = [
  {
    name: 'subscribe',
    title: 'Follow a channel',
    description: `Answered with what you missed. With \`more: false\` the subscription is live from there on, with nothing between; else ask again from \`cursor\`. A second subscribe to a channel replaces the first. Up to ${limits.socketChannels} channels a socket; one catch-up is in flight at a time, others wait.`,
    payload: 'Subscribe',
    replies: ['SubscribedReplay', 'SubscribedSnapshot', 'Refused'],
  },
  {
    name: 'unsubscribe',
    title: 'Follow a channel no more',
    description: 'Also takes back a subscribe that is not answered yet.',
    payload: 'Unsubscribe',
    replies: ['Acknowledged', 'Refused'],
  },
  {
    name: 'event',
    title: 'Something happened',
    description:
      'Apply it if `from` is at most one above your offset and `offset` is above it. Ignore it if you have that offset. Else subscribe again from your cursor.',
    payload: 'Event',
  },
  {
    name: 'store',
    title: 'The store was lost, or found again',
    description: 'While it is out of reach what you hold may be old. There is nothing to do.',
    payload: 'Store',
  },
  {
    name: 'unsubscribed',
    title: 'A subscription has ended',
    description:
      'By the server. For `slow` and `history` subscribe again with your cursor; for `expired` and `revoked` get a new token and connect again. For `forbidden` and `gone` there is nothing more to be had.',
    payload: 'Unsubscribed',
  },
  {
    name: 'drain',
    title: 'The server is going away',
    description: 'Reconnect at a random moment within the time, so that not everyone comes at once.',
    payload: 'Drain',
  },
];

const stored = socketMessages.find(({ name }) => name === 'store')!;
const ended = socketMessages.find(({ name }) => name === 'unsubscribed')!;
const drained = socketMessages.find(({ name }) => name === 'drain')!;

/** Blocks of a stream: the name stands in `event:`, the payload in `data:`. */
export const streamMessages: readonly Message[] = [
  {
    name: 'catchup',
    title: 'What you missed',
    description: 'The first block, again until its `more` is false. Its `id` is the cursor at its end.',
    payload: 'CatchUp',
  },
  ...eventTypes.map(
    (type): Message => ({
      name: type,
      title: happened[type],
      description: 'Its `id` is its cursor.',
      payload: eventPayloads[subjectOf(type)],
    }),
  ),
  {
    name: 'ping',
    title: 'The stream is there',
    description: `Every ${limits.pingSeconds} seconds. Where none came for twice as long, connect again with your cursor.`,
    payload: 'Ping',
  },
  stored,
  ended,
  drained,
];

/** Those that go over both are one message. */
export const messages: readonly Message[] = [...new Set([...socketMessages, ...streamMessages])];

export interface MessageExample {
  message: string;
  name: string;
  /** What a client sends. What the server sends, or answers, is recorded. */
  body?: Readonly<Record<string, unknown>>;
  /** Heard on a stream of the first channel, which is open from its beginning. */
  over?: 'stream';
}

/** In the order in which they are sent and heard, on one socket with a reader's token, then what was heard on a stream. */
export const messageExamples: readonly MessageExample[] = [
  { message: 'subscribe', name: 'For the first time', body: { channelId: 'eclipse-day', limit: 1 } },
  { message: 'subscribe', name: 'Back again, with a cursor', body: { channelId: 'eclipse-day', after: exampleCursor(0, 9) } },
  { message: 'subscribe', name: 'To a channel that is not there', body: { channelId: 'eclipse-night' } },
  { message: 'unsubscribe', name: 'Enough of it', body: { channelId: 'eclipse-day' } },
  { message: 'event', name: 'A post is published' },
  { message: 'unsubscribed', name: 'The channel was deleted' },
  { message: 'drain', name: 'Within a second' },
  { message: 'catchup', name: 'Of a channel without posts', over: 'stream' },
  { message: 'channel.changed', name: 'It goes live', over: 'stream' },
  { message: 'post.published', name: 'The first report', over: 'stream' },
  { message: 'post.revised', name: 'With a correction', over: 'stream' },
  { message: 'post.retracted', name: 'With a note', over: 'stream' },
  { message: 'post.taken-down', name: 'Nothing of it is left', over: 'stream' },
  { message: 'ping', name: 'Still there', over: 'stream' },
];

/** Sent only where the store is Redis or Valkey, which the journal of the examples is not. */
export const storeExample = { reachable: false, since: '2026-08-12T17:40:00.000Z' };

export function messageKey({ message, name }: Pick<MessageExample, 'message' | 'name'>): string {
  return `${message}-${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
}
