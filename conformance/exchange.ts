/**
 * Records the messages of a case in order, as JSON, so that the tests of a client in any language can replay the server's side without a
 * server. Tokens and sessions are left out.
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
/** A list stands for several headers of the same name. */
export type SentHeaders = Record<string, string | string[]>;
interface HttpAnswer {
  status: number;
  headers: Record<string, string>;
  body?: unknown;
}
/** An event with its data. An acknowledgement has the name of the event that it answers. */
interface SocketMessage {
  event: string;
  acknowledges?: true;
  data: unknown;
}

/** The response headers that the contract defines. */
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
