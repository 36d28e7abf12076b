import { connect } from 'node:tls';
import { type Fetch, isTransient, NoAnswer, NotPressbox, parseRetryAfter } from '../lib/http.ts';
import { plainLine } from './terminal-text.ts';

/**
 * `fetch`, where what is no answer of Pressbox is thrown with what was asked and what came back: there a person sees that the address is
 * a wrong one, or what stands before the server.
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
  // On such a way a token is left behind, and a write may become a question.
  const isOtherOrigin = redirected && new URL(response.url).origin !== new URL(url).origin;
  const losesToken = isOtherOrigin && (init.method !== 'GET' || status === 401);
  if (isPressbox(response, new Headers(init.headers).get('accept')) && !losesToken) return response;
  response.body?.cancel().catch(() => {});
  if (losesToken)
    throw new WrongAddress(request, `led to ${urlWithoutQuery(response.url)}; no token goes along to another address`);
  const type = headers.get('content-type')?.split(';')[0] || 'without a content type';
  const received = `came back with ${`${status} ${statusText}`.trim()}, ${type}`;
  const requestAndRedirect = `${request}${redirected ? ` led to ${urlWithoutQuery(response.url)}, which` : ''}`;
  const retryAfter = parseRetryAfter(headers.get('retry-after'));
  if (!isTransient({ status, retryAfter })) throw new WrongAddress(requestAndRedirect, received);
  throw new NotReached(`Something in front of the server answered: ${requestAndRedirect} ${received}.`, received, { retryAfter });
};

/** What answers is not Pressbox, and waiting does not make it that. */
export class WrongAddress extends NotPressbox {
  /** What came back, whatever was asked. */
  readonly why: string;

  constructor(request: string, why: string) {
    super(`${request} ${why}`);
    this.why = why;
  }
}

/** No answer of the server, which may come later. Without a `cause` something before it answered. */
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

/** By the media type: what else is there may have much to say. */
function isPressbox({ ok, status, headers }: Response, accept: string | null): boolean {
  const type = headers.get('content-type') ?? '';
  if (!ok) return type.startsWith('application/problem+json');
  return status === 204 || (accept !== null && type.startsWith(accept));
}

/** What is spoken there, where it is not what the address says; undefined where that is not known. */
async function otherProtocol(url: string, error: unknown): Promise<string | undefined> {
  const { name, code } = innermost(error) as { name?: string; code?: string };
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    return 'came back with what is no TLS; without it an address begins with http://';
  }
  if (name === 'HTTPParserError') return 'came back with what is no HTTP';
  // What speaks TLS closes such a connection without a word, as does much else.
  if (code !== 'UND_ERR_SOCKET' || !/^http:/i.test(url) || !(await speaksTls(url))) return undefined;
  return 'was closed, as TLS is spoken there; with it an address begins with https://';
}

/** For the handshake, milliseconds. */
const handshakeMs = 3_000;

function speaksTls(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    // Nothing is said over it, so it does not matter whose certificate it is.
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

/** `fetch` itself says no more than that it failed. */
function innermost(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? innermost(error.cause) : error;
}

export function errorReason(error: unknown): string {
  const inner = innermost(error);
  // Of a name with several addresses there is one for each.
  const [said = inner] = inner instanceof AggregateError ? inner.errors : [];
  return plainLine(said instanceof Error ? said.message : String(said))
    .trim()
    .replace(/\.$/, '');
}

/** Which may hold a cursor. */
function urlWithoutQuery(url: string): string {
  return plainLine(url.replace(/\?.*$/s, ''));
}
