import made from '../../generated/recorded.json' with { type: 'json' };

/** The recorded answer to an example. `npm run docs` records it and replaces random values. */
export interface RecordedAnswer {
  status: number;
  headers: Readonly<Record<string, string>>;
  body?: unknown;
}

/** The recorded answers, by the `keyOf` of their example. */
export const recorded: Readonly<Record<string, RecordedAnswer>> = made.answers;

/** What the server sent or acknowledged on the socket, by `messageKey`. */
export const recordedMessages: Readonly<Record<string, unknown>> = made.messages;
