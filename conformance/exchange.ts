/**
 * Records the messages of a case in order, as JSON, so that the tests of a client in any language can replay the server's side without a
 * server. Tokens and sessions are left out.
 */
export type ExchangedMessage = { to: 'server' | 'client' } & (
  | { http: HttpRequest | HttpResponse }
  | { socket: SocketMessage }
  | { stream: { id?: string | undefined; event: string; data: unknown } }
);

interface HttpRequest {
  method: string;
  path: string;
  headers: SentHeaders;
  body?: unknown;
}
/** A list means several headers of the same name. */
export type SentHeaders = Record<string, string | string[]>;
interface HttpResponse {
  status: number;
  headers: Record<string, string>;
  body?: unknown;
}
/** An event with its data. An acknowledgement has the name of the event that it acknowledges. */
interface SocketMessage {
  event: string;
  acknowledges?: true;
  data: unknown;
}

/** The response headers that the protocol defines. */
const recordedHeaders = [
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
  readonly messages: ExchangedMessage[] = [];

  recordRequest(method: string, path: string, headers: SentHeaders, body: unknown): void {
    const { authorization, cookie, ...rest } = headers;
    const recorded = {
      ...rest,
      ...(authorization !== undefined && {
        authorization: Array.isArray(authorization) ? authorization.map(() => 'Bearer TOKEN') : 'Bearer TOKEN',
      }),
      ...(cookie !== undefined && { cookie: 'pressbox=SESSION' }),
    };
    this.messages.push({ to: 'server', http: { method, path, headers: recorded, ...(body !== undefined && { body }) } });
  }

  recordResponse(status: number, headers: Headers, body: unknown): void {
    const recorded = Object.fromEntries([...headers].filter(([name]) => recordedHeaders.includes(name)));
    this.messages.push({ to: 'client', http: { status, headers: recorded, ...(body !== undefined && { body }) } });
  }

  recordSocketMessage(to: ExchangedMessage['to'], message: SocketMessage): void {
    this.messages.push({ to, socket: message });
  }

  recordStreamMessage(message: { id?: string | undefined; event: string; data: unknown }): void {
    this.messages.push({ to: 'client', stream: message });
  }
}
