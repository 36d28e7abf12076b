import type { EndedReason } from '../../protocol/model.ts';
import type { Problem } from '../../protocol/problems.ts';
import type { EncodedCatchUp } from '../../streams/catch-up.ts';
import type { Pipe } from '../reader-connection.ts';

/** The messages of the server over a socket, except events, which are sent as encoded frames. */
export interface ServerMessages {
  store: { reachable: boolean; since: string };
  unsubscribed: { channelId: string; reason: EndedReason };
  drain: { withinMs: number };
}

/** The acknowledgement of a client's message. A successful `subscribe` is acknowledged with a CatchUp instead. */
export type Acknowledgement = { ok: true } | { ok: false; problem: Problem };

/** A client that has joined the namespace, as its session sees it. */
export interface ClientSocket {
  /** The client's address, for rate limits. */
  readonly address: string;
  /**
   * The next subscribe does not count towards the rate of requests. The handshake was counted, and that covers the first
   * subscribe of the connection.
   */
  isPaid: boolean;
  /** For encoded frames. */
  readonly pipe: Pipe;
  emit<Name extends keyof ServerMessages>(name: Name, payload: ServerMessages[Name]): void;
  /** Acknowledges the message with this id. */
  acknowledge(id: number, answer: Acknowledgement): void;
  acknowledgeCatchUp(id: number, answer: EncodedCatchUp): void;
  /** Sends a disconnect packet and closes the connection. */
  disconnect(): void;
}

/** Handles the messages of a client that has joined. */
export interface MessageHandler {
  /** `id`: acknowledge the message with it. Undefined if the client wants no acknowledgement. */
  onMessage(name: unknown, args: readonly unknown[], id: number | undefined): void;
  /** The client has left the namespace, or its connection is closed. */
  close(): void;
}
