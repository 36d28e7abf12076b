import { randomUUID } from 'node:crypto';
import type { Socket as EngineSocket } from 'engine.io';
import { Decoder, type Packet, PacketType } from 'socket.io-parser';
import type { Credentials } from '../../access/identity.ts';
import { responseLimits } from '../../http/http-limits.ts';
import { type Problem, problem, Refusal } from '../../protocol/problems.ts';
import type { EncodedCatchUp } from '../../streams/catch-up.ts';
import type { AdmissionControl } from '../admission-control.ts';
import { liveLimits } from '../live-limits.ts';
import { releaseRequest } from './engine-io-internals.ts';
import type { Acknowledgement, ClientSocket, MessageHandler, ServerMessages } from './messages.ts';
import { catchUpFrame, catchUpText, messageFrame, textOf } from './packet-encoder.ts';
import type { SocketConnection } from './socket-engine.ts';
import type { PacketQueue } from './socket-pipe.ts';

/**
 * The Socket.IO namespace `/` (Socket.IO protocol, revision 5) on connections of engine.io: joins, messages and acknowledgements. There are
 * no other namespaces, no rooms, no middleware and no resending. Socket.IO's own server would cost memory for these with every connection
 * (docs/decisions/0025).
 */
export interface NamespaceContext {
  /** The client's address. */
  addressOf(connection: EngineSocket): string;
  /** Counts each connection that has not joined yet, or has left. */
  admission: Pick<AdmissionControl, 'begin' | 'end'>;
  /** Verifies the credentials. Returns undefined for an anonymous client. Rejects with a `Refusal`. */
  authenticate(auth: Record<string, unknown>, connection: EngineSocket): Promise<Credentials> | undefined;
  /** A client has joined. */
  onJoined(socket: ClientSocket, who: Credentials, request: EngineSocket['request']): MessageHandler;
  /** `authenticate` rejected with something other than a `Refusal`. The client is told to retry. */
  onFailed(error: unknown): void;
  /** A connection was terminated because its client kept sending requests without reading the answers. */
  onUnanswered(): void;
}

export class Namespace {
  readonly #context: NamespaceContext;

  constructor(context: NamespaceContext) {
    this.#context = context;
  }

  accept(connection: SocketConnection): void {
    new Client(connection, this.#context);
  }
}

class Client implements ClientSocket {
  readonly pipe: PacketQueue;
  readonly address: string;
  isPaid = true;
  readonly #connection: EngineSocket;
  readonly #context: NamespaceContext;
  /** Set while the client has joined. */
  #handler: MessageHandler | undefined;
  /** Set while the credentials of the client are verified. */
  #isAuthenticating = false;
  /** Closes the connection if the client does not join in time. */
  #deadline: NodeJS.Timeout | undefined;
  /** Collects a message with binary parts, which arrive one by one. */
  #partialDecoder: Decoder | undefined;

  constructor(connection: SocketConnection, context: NamespaceContext) {
    this.#connection = connection;
    this.#context = context;
    this.pipe = connection.pipe;
    this.address = context.addressOf(connection);
    connection.on('data', (data: unknown) => this.#onData(data));
    connection.on('close', (reason: string) => this.#closed(reason));
    this.#awaitJoin();
  }

  emit<Name extends keyof ServerMessages>(name: Name, payload: ServerMessages[Name]): void {
    this.#send(textOf({ type: PacketType.EVENT, data: [name, payload] }));
  }

  acknowledge(id: number, answer: Acknowledgement): void {
    this.#send(textOf({ type: PacketType.ACK, id, data: [answer] }));
  }

  acknowledgeCatchUp(id: number, answer: EncodedCatchUp): void {
    if (this.pipe.ready) this.pipe.write(catchUpFrame(id, answer));
    else this.pipe.send(catchUpText(id, answer));
  }

  disconnect(): void {
    if (this.#handler === undefined) return;
    this.#send(textOf({ type: PacketType.DISCONNECT }));
    this.#leave();
    this.#connection.close();
  }

  #onData(data: unknown): void {
    let packet: Packet | undefined;
    try {
      packet = this.#decoded(data);
    } catch {
      // Not a Socket.IO packet.
      this.#connection.close();
    }
    if (packet !== undefined) this.#onPacket(packet);
    // If the client does not read its answers, they would fill the memory.
    if (this.#connection.readyState === 'closed' || this.pipe.packetsWaiting <= liveLimits.waitingAnswers) return;
    this.#context.onUnanswered();
    this.pipe.terminate();
  }

  /** Undefined while parts of the packet are missing. */
  #decoded(data: unknown): Packet | undefined {
    if (this.#partialDecoder === undefined && typeof data === 'string' && !isBinaryType.test(data)) return decoded(decoder, data);
    // A decoder stores the parts received so far, so it cannot be shared.
    this.#partialDecoder ??= decoderOf();
    const packet = decoded(this.#partialDecoder, data);
    if (packet !== undefined) this.#partialDecoder = undefined;
    return packet;
  }

  #onPacket({ type, nsp, data, id }: Packet): void {
    if (type === PacketType.CONNECT && nsp !== '/') {
      return this.#send(textOf({ type: PacketType.CONNECT_ERROR, nsp, data: { message: 'Invalid namespace' } }));
    }
    if (type === PacketType.CONNECT && this.#handler === undefined) return this.#onConnect(data ?? {});
    if (this.#handler === undefined || nsp !== '/') return void this.#connection.close();
    switch (type) {
      case PacketType.EVENT: {
        const [name, ...args] = data ?? [];
        return this.#handler.onMessage(name, args, id);
      }
      case PacketType.DISCONNECT:
        this.#leave();
        return this.#awaitJoin();
      // The server never requests an acknowledgement.
      case PacketType.ACK:
        return;
      default:
        this.#connection.close();
    }
  }

  #onConnect(auth: Record<string, unknown>): void {
    if (this.#isAuthenticating) return this.#refuse(problem('rate-limited', { retryAfter: responseLimits.momentRetrySeconds }));
    const verification = this.#context.authenticate(auth, this.#connection);
    if (verification === undefined) return this.#join(undefined);
    this.#isAuthenticating = true;
    verification
      .then((who) => this.#join(who))
      .catch((error: unknown) => {
        if (error instanceof Refusal) return this.#refuse(error.problem);
        this.#context.onFailed(error);
        this.#refuse(problem('internal-error', { retryAfter: responseLimits.momentRetrySeconds }));
      })
      .finally(() => {
        this.#isAuthenticating = false;
      });
  }

  #join(who: Credentials): void {
    // The client may have disconnected during the verification.
    if (!this.pipe.open) return;
    this.#stopAwaitingJoin();
    const { request } = this.#connection;
    releaseRequest(this.#connection);
    this.#send(`${PacketType.CONNECT}{"sid":"${randomUUID()}"}`);
    this.#handler = this.#context.onJoined(this, who, request);
  }

  /** The client gets a `connect_error`. */
  #refuse(refusal: Problem): void {
    this.#send(textOf({ type: PacketType.CONNECT_ERROR, data: { message: refusal.title, data: refusal } }));
  }

  #leave(): void {
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.close();
  }

  #awaitJoin(): void {
    this.#deadline = setTimeout(() => this.#connection.close(), liveLimits.joinMs);
    this.#context.admission.begin(this, this.address, () => this.pipe.terminate());
  }

  #stopAwaitingJoin(): void {
    clearTimeout(this.#deadline);
    // Frees the memory of the timer.
    this.#deadline = undefined;
    this.#context.admission.end(this);
  }

  #closed(reason: string): void {
    this.#stopAwaitingJoin();
    this.#leave();
    if (this.pipe.closed) return;
    if (reason === 'ping timeout') return this.pipe.terminate();
    // A client that was disconnected may keep its end of the connection open.
    setTimeout(() => this.pipe.terminate(), liveLimits.refusedMs).unref();
  }

  #send(packet: string): void {
    if (this.pipe.ready) this.pipe.write(messageFrame(packet));
    else this.pipe.send(packet);
  }
}

/** A packet whose binary parts follow. */
const isBinaryType = /^[56]/;

function decoderOf(): Decoder {
  const made = new Decoder();
  made.on('decoded', (packet) => {
    latest = packet;
  });
  return made;
}

let latest: Packet | undefined;

/** Shared by all packets without binary parts. */
const decoder = decoderOf();

/** Throws if the packet violates the protocol. */
function decoded(by: Decoder, data: unknown): Packet | undefined {
  latest = undefined;
  by.add(data);
  return latest;
}
