import { ownerCookieName } from '../../../../src/protocol/cookie-names.ts';
import type { Grants, Principal } from '../../../../src/protocol/rights.ts';
import { Http } from '../../../lib/http.ts';
import { basePath } from '../app/base-path.ts';
import { deviceName } from '../app/device-names.ts';

/** The session of the signed-in author, from `GET /v1/session`. */
export interface DeskSession {
  sub: string;
  /** The byline. */
  name: string;
  /** The key to which drafts and outbox on this device belong. The same person has the same key in every session. */
  ownerKey: string;
  rights: Grants;
  /** RFC 3339. */
  expiresAt: string;
  /** How long the session may be unused. Missing: there is no such limit. */
  idleSeconds?: number;
}

/**
 * `unreachable`: the server gave no answer. `session` is then the one that this device remembers, so that a desk without a network
 * shows what is not sent yet.
 */
export type SessionState =
  | { status: 'signed-in'; session: DeskSession; serverAheadMs: number }
  | { status: 'signed-out' }
  | { status: 'unreachable'; session: DeskSession | undefined }
  /** The session ended by itself while the desk was open. The desk stays as it is, and cannot send. */
  | { status: 'ended'; session: DeskSession };

export async function loadSession(storage: Storage | undefined): Promise<SessionState> {
  try {
    const { body, headers } = await new Http({ url: basePath }).get('/v1/session');
    const { session } = body as { session: DeskSession | null };
    return session === null ? { status: 'signed-out' } : { status: 'signed-in', session, serverAheadMs: aheadOf(headers) };
  } catch {
    // Also if something in front of the server answers, or the server cannot check the session at the moment.
    return { status: 'unreachable', session: rememberedSession(storage) };
  }
}

/** How far the clock of the server is ahead of the clock of this device, to a second or two. */
function aheadOf(headers: Headers): number {
  const at = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(at) ? 0 : at - Date.now();
}

/** Ends the session on every server. Throws if it could not be ended. */
export async function signOut(): Promise<void> {
  await new Http({ url: basePath }).request({ method: 'DELETE', path: '/v1/session' });
}

/** The sender of this session's requests, for the rules of `rights.ts`. */
export function principalOf({ sub, name, rights, expiresAt }: DeskSession): Principal {
  return { sub, name, jti: '', grants: rights, expiresAt: Date.parse(expiresAt) };
}

const storageKey = `${deviceName}-session`;

/** Stores the session for a visit without a network, or removes it after signing out. */
export function rememberSession(storage: Storage | undefined, state: SessionState): void {
  try {
    if (state.status === 'signed-in') storage?.setItem(storageKey, JSON.stringify(state.session));
    else if (state.status === 'signed-out') storage?.removeItem(storageKey);
  } catch {
    // Without storage the desk opens only with a network.
  }
}

/**
 * The session that was last seen on this device, if it is still the one of this browser. None after it has expired, because somebody
 * else may use the device by then, and none if somebody else has signed in since, on whatever page.
 */
export function rememberedSession(storage: Storage | undefined): DeskSession | undefined {
  try {
    const session = JSON.parse(storage?.getItem(storageKey) ?? 'null') as DeskSession | null;
    const isCurrent = session !== null && Date.parse(session.expiresAt) > Date.now() && session.ownerKey === ownerInCookie();
    return isCurrent ? session : undefined;
  } catch {
    return undefined;
  }
}

/** The owner key of the session cookie, which scripts cannot read. A browser with TLS may still have the cookie without. */
function ownerInCookie(): string | undefined {
  const cookies = (globalThis as { document?: { cookie: string } }).document?.cookie ?? '';
  const all = new Map(cookies.split('; ').map((cookie) => cookie.split('=') as [string, string]));
  const name = ownerCookieName(basePath);
  return all.get(`__Host-${name}`) ?? all.get(name);
}
