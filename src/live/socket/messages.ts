import type { EndedReason } from '../../protocol/model.ts';
import type { Problem } from '../../protocol/problems.ts';
import type { EncodedCatchUp } from '../../streams/catch-up.ts';
import type { Pipe } from '../reader-connection.ts';

/** What goes over a socket from here (contract, 3). Events themselves go out as ready-made frames. */
export interface ServerMessages {
  store: { reachable: boolean; since: string };
  unsubscribed: { channelId: string; reason: EndedReason };
  drain: { withinMs: number };
}

/** What a message of the client's is answered with that says no more than that. A `subscribe` that is taken is answered with a CatchUp. */
export type Acknowledgement = { ok: true } | { ok: false; problem: Problem };

/** A client that has joined, as whoever talks with it has it. */
export interface ClientSocket {
  /** Where it comes from, for rates. */
  readonly address: string;
  /** Its handshake was counted and pays for the first subscribe of the connection, however often its client joins. */
  isPaid: boolean;
  /** For ready-made frames. */
  readonly pipe: Pipe;
  emit<Name extends keyof ServerMessages>(name: Name, said: ServerMessages[Name]): void;
  /** Acknowledges the message that came with this number. */
  acknowledge(id: number, said: Acknowledgement): void;
  acknowledgeCatchUp(id: number, said: EncodedCatchUp): void;
  /** Says that it is over, and closes the connection. */
  disconnect(): void;
}

/** Who talks with a client that has joined. */
export interface MessageHandler {
  /** A message; `id` is the number to acknowledge it with, where its sender wants that. */
  onMessage(name: unknown, said: readonly unknown[], id: number | undefined): void;
  /** The client has left, or its connection is closed. */
  close(): void;
}
