/**
 * What went over the wire in a case, in order, as JSON: so that the tests of a client in any language can be given a server's part of
 * the talk without a server. Tokens and sessions are left out.
 */
export type Said = { to: 'server' | 'client' } & (
  | { http: HttpRequest | HttpAnswer }
  | { socket: SocketMessage }
  | { stream: { id?: string | undefined; event: string; data: unknown } }
);

interface HttpRequest {
  method: string;
  path: string;
  headers: SentHeaders;
  body?: unknown;
}
/** A list: as many headers of that name. */
export type SentHeaders = Record<string, string | string[]>;
interface HttpAnswer {
  status: number;
  headers: Record<string, string>;
  body?: unknown;
}
/** An event with its data; an acknowledgement has the name of what it answers. */
interface SocketMessage {
  event: string;
  acknowledges?: true;
  data: unknown;
}

/** Headers of answers that the contract speaks of. */
const toldHeaders = [
  'cache-control',
  'content-type',
  'etag',
  'idempotency-replayed',
  'link',
  'location',
  'retry-after',
  'vary',
  'x-accel-buffering',
];

export class Exchange {
  readonly said: Said[] = [];

  asked(method: string, path: string, headers: SentHeaders, body: unknown): void {
    const { authorization, cookie, ...rest } = headers;
    const told = {
      ...rest,
      ...(authorization !== undefined && {
        authorization: Array.isArray(authorization) ? authorization.map(() => 'Bearer TOKEN') : 'Bearer TOKEN',
      }),
      ...(cookie !== undefined && { cookie: 'pressbox=SESSION' }),
    };
    this.said.push({ to: 'server', http: { method, path, headers: told, ...(body !== undefined && { body }) } });
  }

  answered(status: number, headers: Headers, body: unknown): void {
    const told = Object.fromEntries([...headers].filter(([name]) => toldHeaders.includes(name)));
    this.said.push({ to: 'client', http: { status, headers: told, ...(body !== undefined && { body }) } });
  }

  overSocket(to: Said['to'], message: SocketMessage): void {
    this.said.push({ to, socket: message });
  }

  overStream(message: { id?: string | undefined; event: string; data: unknown }): void {
    this.said.push({ to: 'client', stream: message });
  }
}
