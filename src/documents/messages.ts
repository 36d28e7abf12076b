import { limits } from '../protocol/limits.ts';
import type { ComponentName } from './components.ts';
import { exampleCursor } from './examples.ts';

/** What goes over the socket, as data: the AsyncAPI document and the page are made of it. */
export interface Message {
  /** Its name on the wire. */
  name: string;
  title: string;
  description: string;
  payload: ComponentName;
  /** From a client: with what the server acknowledges it. */
  replies?: readonly ComponentName[];
}

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
    description: 'By the server. For `slow` and `history` subscribe again; for the others there is nothing to be had.',
    payload: 'Unsubscribed',
  },
  {
    name: 'drain',
    title: 'The server is going away',
    description: 'Reconnect at a random moment within the time, so that not everyone comes at once.',
    payload: 'Drain',
  },
];

export interface MessageExample {
  message: string;
  name: string;
  /** What a client sends. What the server sends, or answers, is recorded. */
  body?: Readonly<Record<string, unknown>>;
}

/** In the order in which they are sent and heard, on one socket with a reader's token. */
export const messageExamples: readonly MessageExample[] = [
  { message: 'subscribe', name: 'For the first time', body: { channelId: 'eclipse-day', limit: 1 } },
  { message: 'subscribe', name: 'Back again, with a cursor', body: { channelId: 'eclipse-day', after: exampleCursor(0, 9) } },
  { message: 'subscribe', name: 'To a channel that is not there', body: { channelId: 'eclipse-night' } },
  { message: 'unsubscribe', name: 'Enough of it', body: { channelId: 'eclipse-day' } },
  { message: 'event', name: 'A post is published' },
  { message: 'unsubscribed', name: 'The channel was deleted' },
  { message: 'drain', name: 'Within five seconds' },
];

/** Sent only where the store is Redis or Valkey, which the journal of the examples is not. */
export const storeExample = { reachable: false, since: '2026-08-12T17:40:00.000Z' };

export function messageKey({ message, name }: Pick<MessageExample, 'message' | 'name'>): string {
  return `${message}-${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
}
