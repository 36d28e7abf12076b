import { type EventSubject, type EventType, eventTypes, subjectOf } from '../protocol/model.ts';
import { limits } from '../protocol/wire-limits.ts';
import type { ComponentName } from './components.ts';
import { exampleCursor } from './example-cursors.ts';

/** The messages of sockets and streams, as data for the AsyncAPI document and the page. */
export interface Message {
  /** The name on the wire. */
  name: string;
  title: string;
  description: string;
  payload: ComponentName;
  /** Only for messages from clients: the possible acknowledgements. */
  replies?: readonly ComponentName[];
}

const happened: Record<EventType, string> = {
  'post.published': 'A post was published',
  'post.revised': 'A post was changed',
  'post.retracted': 'A post was retracted',
  'post.taken-down': 'A post was taken down',
  'channel.changed': 'The channel was created or changed',
};
const eventPayloads: Record<EventSubject, ComponentName> = { post: 'PostEvent', channel: 'ChannelEvent' };

export const socketMessages: readonly Message[] = [
  {
    name: 'subscribe',
    title: 'Follow a channel',
    description: `The answer has everything you missed. With \`more: false\` the subscription is live from that point, without a gap. Otherwise ask again with \`cursor\`. A second subscribe to a channel replaces the first. A socket follows up to ${limits.socketChannels} channels and answers one catch-up at a time.`,
    payload: 'Subscribe',
    replies: ['SubscribedReplay', 'SubscribedSnapshot', 'Refused'],
  },
  {
    name: 'unsubscribe',
    title: 'Stop following a channel',
    description: 'Also cancels a subscribe that has not been answered yet.',
    payload: 'Unsubscribe',
    replies: ['Acknowledged', 'Refused'],
  },
  {
    name: 'event',
    title: 'A change in a channel',
    description:
      'Apply it if `from` is at most one above your offset and `offset` is above your offset. Ignore it if `offset` is not above your offset. Otherwise subscribe again with your cursor.',
    payload: 'Event',
  },
  {
    name: 'store',
    title: 'The store was lost or reached again',
    description: 'While the store is unreachable, what you hold may be out of date. There is nothing to do.',
    payload: 'Store',
  },
  {
    name: 'unsubscribed',
    title: 'A subscription has ended',
    description:
      'The server ended it. For `slow` and `history`, subscribe again with your cursor. For `expired` and `revoked`, get a new token and reconnect. For `forbidden` and `gone`, stop.',
    payload: 'Unsubscribed',
  },
  {
    name: 'drain',
    title: 'The server is shutting down',
    description: 'Reconnect at a random moment within the given time, so that not all clients reconnect at once.',
    payload: 'Drain',
  },
];

const stored = socketMessages.find(({ name }) => name === 'store')!;
const ended = socketMessages.find(({ name }) => name === 'unsubscribed')!;
const drained = socketMessages.find(({ name }) => name === 'drain')!;

/** The blocks of a stream. `event:` is the name, `data:` the payload. */
export const streamMessages: readonly Message[] = [
  {
    name: 'catchup',
    title: 'What you missed',
    description:
      'The first block. Further blocks of this type follow until `more` is false. The `id` is the cursor after the catch-up.',
    payload: 'CatchUp',
  },
  ...eventTypes.map(
    (type): Message => ({
      name: type,
      title: happened[type],
      description: 'Its `id` is the cursor of the event.',
      payload: eventPayloads[subjectOf(type)],
    }),
  ),
  {
    name: 'ping',
    title: 'The stream is alive',
    description: `Sent every ${limits.pingSeconds} seconds. If you receive nothing for twice that time, reconnect with your cursor.`,
    payload: 'Ping',
  },
  stored,
  ended,
  drained,
];

/** All messages. Those used by both transports are included once. */
export const messages: readonly Message[] = [...new Set([...socketMessages, ...streamMessages])];

export interface MessageExample {
  message: string;
  name: string;
  /** What the client sends. What the server sends is recorded. */
  body?: Readonly<Record<string, unknown>>;
  /** Recorded on a stream of the first channel, which is opened after the first request. */
  over?: 'stream';
}

/** The messages in the order in which they are sent and received: first on one socket with a reader's token, then on a stream. */
export const messageExamples: readonly MessageExample[] = [
  { message: 'subscribe', name: 'Without a cursor', body: { channelId: 'eclipse-day', limit: 1 } },
  {
    message: 'subscribe',
    name: 'After a reconnect, with a cursor',
    body: { channelId: 'eclipse-day', after: exampleCursor(0, 9) },
  },
  { message: 'subscribe', name: 'To a channel that does not exist', body: { channelId: 'eclipse-night' } },
  { message: 'unsubscribe', name: 'From a channel', body: { channelId: 'eclipse-day' } },
  { message: 'event', name: 'A post is published' },
  { message: 'unsubscribed', name: 'The channel was deleted' },
  { message: 'drain', name: 'Within a second' },
  { message: 'catchup', name: 'For a channel without posts', over: 'stream' },
  { message: 'channel.changed', name: 'The channel goes live', over: 'stream' },
  { message: 'post.published', name: 'The first report', over: 'stream' },
  { message: 'post.revised', name: 'With a correction', over: 'stream' },
  { message: 'post.retracted', name: 'With a note', over: 'stream' },
  { message: 'post.taken-down', name: 'The text is erased', over: 'stream' },
  { message: 'ping', name: 'The stream is alive', over: 'stream' },
];

/** Not recorded: only servers on Redis or Valkey send it, and the examples use the embedded journal. */
export const storeExample = { reachable: false, since: '2026-08-12T17:40:00.000Z' };

export function messageKey({ message, name }: Pick<MessageExample, 'message' | 'name'>): string {
  return `${message}-${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
}
