import made from '../../generated/recorded.json' with { type: 'json' };

/** What a server answered to one of the examples. `npm run docs` records it, with what chance decides replaced. */
export interface RecordedAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body?: unknown;
}

/** By `keyOf` the example. */
export const recorded: Readonly<Record<string, RecordedAnswer>> = made.answers;

/** Of the socket: the acknowledgement of what a client sent, or what the server sent. By `messageKey`. */
export const recordedMessages: Readonly<Record<string, unknown>> = made.messages;
