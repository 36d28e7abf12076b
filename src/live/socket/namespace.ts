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
 * The namespace `/` of Socket.IO (its protocol, revision 5) on connections of engine.io: who joins, what they say, and what they are told.
 * There are no other namespaces, no rooms, no middleware, and nothing that is sent again: what Socket.IO's own server has for these a
 * reader would pay for with every connection (docs/decisions/0025).
 */
export interface NamespaceContext {
  /** From which address a connection comes. */
  addressOf(connection: EngineSocket): string;
  /** One is under way for each connection that has not joined yet, or has left. */
  admission: Pick<AdmissionControl, 'begin' | 'end'>;
  /** Who asks with these credentials; undefined where nothing has to be looked up for a stranger. Rejects with a refusal. */
  authenticate(auth: Record<string, unknown>, connection: EngineSocket): Promise<Credentials> | undefined;
  /** A client has joined. */
  onJoined(socket: ClientSocket, who: Credentials, request: EngineSocket['request']): MessageHandler;
  /** It threw something that is no refusal: the client is told to come back. */
  onFailed(error: unknown): void;
  /** A connection was ended that goes on credentials without reading the answers. */
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
  /** While it has joined. */
  #handler: MessageHandler | undefined;
  /** Its credentials are being looked at. */
  #isAuthenticating = false;
  /** Until when it has to join. */
  #deadline: NodeJS.Timeout | undefined;
  /** Of messages with binary parts, which come one by one. */
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

  emit<Name extends keyof ServerMessages>(name: Name, said: ServerMessages[Name]): void {
    this.#send(textOf({ type: PacketType.EVENT, data: [name, said] }));
  }

  acknowledge(id: number, said: Acknowledgement): void {
    this.#send(textOf({ type: PacketType.ACK, id, data: [said] }));
  }

  acknowledgeCatchUp(id: number, said: EncodedCatchUp): void {
    if (this.pipe.ready) this.pipe.write(catchUpFrame(id, said));
    else this.pipe.send(catchUpText(id, said));
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
      // It is no Socket.IO.
      this.#connection.close();
    }
    if (packet !== undefined) this.#onPacket(packet);
    // Who asks without reading the answers would have them all kept here.
    if (this.#connection.readyState === 'closed' || this.pipe.packetsWaiting <= liveLimits.waitingAnswers) return;
    this.#context.onUnanswered();
    this.pipe.terminate();
  }

  /** Undefined while parts of it are on their way. */
  #decoded(data: unknown): Packet | undefined {
    if (this.#partialDecoder === undefined && typeof data === 'string' && !isBinaryType.test(data)) return decoded(decoder, data);
    // A decoder keeps what has come so far, so that nobody else may have this one.
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
        const [name, ...said] = data ?? [];
        return this.#handler.onMessage(name, said, id);
      }
      case PacketType.DISCONNECT:
        this.#leave();
        return this.#awaitJoin();
      // Nothing of ours asks for one.
      case PacketType.ACK:
        return;
      default:
        this.#connection.close();
    }
  }

  #onConnect(auth: Record<string, unknown>): void {
    if (this.#isAuthenticating) return this.#refuse(problem('rate-limited', { retryAfter: responseLimits.momentRetrySeconds }));
    const known = this.#context.authenticate(auth, this.#connection);
    if (known === undefined) return this.#join(undefined);
    this.#isAuthenticating = true;
    known
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
    // It may have gone while it was looked at.
    if (!this.pipe.open) return;
    this.#stopAwaitingJoin();
    const { request } = this.#connection;
    releaseRequest(this.#connection);
    this.#send(`${PacketType.CONNECT}{"sid":"${randomUUID()}"}`);
    this.#handler = this.#context.onJoined(this, who, request);
  }

  /** Its client hears of it as a `connect_error`. */
  #refuse(said: Problem): void {
    this.#send(textOf({ type: PacketType.CONNECT_ERROR, data: { message: said.title, data: said } }));
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

  /** For it to join. */
  #stopAwaitingJoin(): void {
    clearTimeout(this.#deadline);
    // Nor is the timer kept with each reader.
    this.#deadline = undefined;
    this.#context.admission.end(this);
  }

  #closed(reason: string): void {
    this.#stopAwaitingJoin();
    this.#leave();
    if (this.pipe.closed) return;
    if (reason === 'ping timeout') return this.pipe.terminate();
    // Who was sent away may not say goodbye, and would be waited for.
    setTimeout(() => this.pipe.terminate(), liveLimits.refusedMs).unref();
  }

  #send(packet: string): void {
    if (this.pipe.ready) this.pipe.write(messageFrame(packet));
    else this.pipe.send(packet);
  }
}

/** Of a packet whose binary parts follow it. */
const isBinaryType = /^[56]/;

function decoderOf(): Decoder {
  const made = new Decoder();
  made.on('decoded', (packet) => {
    latest = packet;
  });
  return made;
}

let latest: Packet | undefined;

/** Of all packets that come whole. */
const decoder = decoderOf();

/** Throws where it is not as the protocol says. */
function decoded(by: Decoder, data: unknown): Packet | undefined {
  latest = undefined;
  by.add(data);
  return latest;
}
