import { connect } from 'node:tls';
import { type Fetch, isTransient, NoAnswer, NotPressbox, parseRetryAfter } from '../lib/http.ts';
import { plainLine } from './terminal-text.ts';

/**
 * A `fetch` that throws for any answer that is not from Pressbox. The error names the request and the answer, so that the user
 * sees a wrong address or an interfering proxy.
 */
export const explainingFetch: Fetch = async (url, init) => {
  const request = requestLine(url, init);
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    const other = await otherProtocol(url, error);
    if (other !== undefined) throw new WrongAddress(request, other);
    throw notReachedError(url, init, errorReason(error), error);
  }
  const { status, statusText, headers, redirected } = response;
  // A redirect to another origin drops the token and may turn a write into a GET.
  const isOtherOrigin = redirected && new URL(response.url).origin !== new URL(url).origin;
  const losesToken = isOtherOrigin && (init.method !== 'GET' || status === 401);
  if (isPressbox(response, new Headers(init.headers).get('accept')) && !losesToken) return response;
  response.body?.cancel().catch(() => {});
  if (losesToken)
    throw new WrongAddress(request, `led to ${urlWithoutQuery(response.url)}; the token is not sent to another address`);
  const type = headers.get('content-type')?.split(';')[0] || 'without a content type';
  const received = `came back with ${`${status} ${statusText}`.trim()}, ${type}`;
  const requestAndRedirect = `${request}${redirected ? ` led to ${urlWithoutQuery(response.url)}, which` : ''}`;
  const retryAfter = parseRetryAfter(headers.get('retry-after'));
  if (!isTransient({ status, retryAfter })) throw new WrongAddress(requestAndRedirect, received);
  throw new NotReached(`Something in front of the server answered: ${requestAndRedirect} ${received}.`, received, { retryAfter });
};

/** The server is not Pressbox, and retrying will not help. */
export class WrongAddress extends NotPressbox {
  /** What was received. */
  readonly why: string;

  constructor(request: string, why: string) {
    super(`${request} ${why}`);
    this.why = why;
  }
}

/** The server did not answer, but may later. Without a `cause`, something in front of it answered. */
export class NotReached extends NoAnswer {
  readonly why: string;

  constructor(message: string, why: string, options: { cause?: unknown; retryAfter?: number | undefined }) {
    super(message, options);
    this.why = why;
  }
}

export function notReachedError(url: string, init: RequestInit, why: string, cause: unknown = new Error(why)): NotReached {
  return new NotReached(`The server could not be reached: ${requestLine(url, init)}: ${why}.`, why, { cause });
}

function requestLine(url: string, { method }: RequestInit): string {
  return `${method} ${urlWithoutQuery(url)}`;
}

/** Whether an answer is from Pressbox, judged by its media type. */
function isPressbox({ ok, status, headers }: Response, accept: string | null): boolean {
  const type = headers.get('content-type') ?? '';
  if (!ok) return type.startsWith('application/problem+json');
  return status === 204 || (accept !== null && type.startsWith(accept));
}

/** The protocol of the server at the address, if it differs from the one in the address. Undefined if unknown. */
async function otherProtocol(url: string, error: unknown): Promise<string | undefined> {
  const { name, code } = innermost(error) as { name?: string; code?: string };
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return 'came back without TLS; such an address begins with http://';
  }
  if (name === 'HTTPParserError') return 'came back without HTTP';
  // A TLS server closes a plain connection without an answer, but other servers may do so too.
  if (code !== 'UND_ERR_SOCKET' || !/^http:/i.test(url) || !(await speaksTls(url))) return undefined;
  return 'was closed, because the server uses TLS; such an address begins with https://';
}

/** Timeout of the handshake, milliseconds. */
const handshakeMs = 3_000;

function speaksTls(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    // No data is sent, so the certificate does not matter.
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80), rejectUnauthorized: false });
    const settle = (speaks: boolean) => {
      socket.destroy();
      resolve(speaks);
    };
    socket.setTimeout(handshakeMs, () => settle(false));
    socket.once('secureConnect', () => settle(true));
    socket.once('error', () => settle(false));
    socket.once('close', () => settle(false));
  });
}

/** The original cause: `fetch` itself only says that it failed. */
function innermost(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? innermost(error.cause) : error;
}

export function errorReason(error: unknown): string {
  const inner = innermost(error);
  // A host name with several addresses fails with one error for each.
  const [first = inner] = inner instanceof AggregateError ? inner.errors : [];
  return plainLine(first instanceof Error ? first.message : String(first))
    .trim()
    .replace(/\.$/, '');
}

/** Removes the query, which may contain a cursor. */
function urlWithoutQuery(url: string): string {
  return plainLine(url.replace(/\?.*$/s, ''));
}
