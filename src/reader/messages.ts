import type { Server, Socket } from 'socket.io';
import type { CatchUp, EndedReason } from '../protocol/model.ts';
import type { Problem } from '../protocol/problems.ts';
import type { CatchUpAnswer } from './encoder.ts';

/** The one map of what goes over the socket, both ways (contract, 3). Events themselves go out as ready-made frames. */
export type SubscribeAnswer = ({ ok: true } & CatchUp) | ProblemAnswer;
export type ProblemAnswer = { ok: false; problem: Problem };

export interface FromClient {
  subscribe(request: unknown, answer: (said: CatchUpAnswer | ProblemAnswer) => void): void;
  unsubscribe(request: unknown, answer: (said: { ok: true } | ProblemAnswer) => void): void;
}

export interface FromServer {
  event(event: unknown): void;
  store(state: { reachable: boolean; since: string }): void;
  unsubscribed(ended: { channelId: string; reason: EndedReason }): void;
  drain(draining: { withinMs: number }): void;
}

export type SocketServer = Server<FromClient, FromServer, Record<string, never>, Record<string, never>>;
export type ClientSocket = Socket<FromClient, FromServer, Record<string, never>, Record<string, never>>;
