import type { Grants, Principal } from '../../../../src/protocol/rights.ts';
import { type Fetch, Http } from '../../../lib/http.ts';

/** Who is signed in, as `GET /v1/session` says. */
export interface DeskSession {
  sub: string;
  /** The byline. */
  name: string;
  /** What is stored on this device belongs to this key. The same person has the same key in every session. */
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

export async function loadSession(storage: Storage | undefined, fetch?: Fetch): Promise<SessionState> {
  try {
    const { body, headers } = await new Http({ url: '', fetch }).get('/v1/session');
    const session = (body as { session: DeskSession | null }).session;
    if (session === null) {
      forgetSession(storage);
      return { status: 'signed-out' };
    }
    remember(storage, session);
    return { status: 'signed-in', session, serverAheadMs: aheadOf(headers) };
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
export async function signOut(storage: Storage | undefined): Promise<void> {
  await new Http({ url: '' }).request({ method: 'DELETE', path: '/v1/session' });
  forgetSession(storage);
}

/** The sender of this session's requests, for the rules of `rights.ts`. */
export function principalOf({ sub, name, rights, expiresAt }: DeskSession): Principal {
  return { sub, name, jti: '', grants: rights, expiresAt: Date.parse(expiresAt) };
}

const storageKey = 'pressbox-desk-session';

function remember(storage: Storage | undefined, session: DeskSession): void {
  try {
    storage?.setItem(storageKey, JSON.stringify(session));
  } catch {
    // Without storage the desk opens only with a network.
  }
}

/** The session that was last seen on this device. None after it has expired, because somebody else may use the device by then. */
export function rememberedSession(storage: Storage | undefined): DeskSession | undefined {
  try {
    const session = JSON.parse(storage?.getItem(storageKey) ?? 'null') as DeskSession | null;
    return session !== null && Date.parse(session.expiresAt) > Date.now() ? session : undefined;
  } catch {
    return undefined;
  }
}

function forgetSession(storage: Storage | undefined): void {
  try {
    storage?.removeItem(storageKey);
  } catch {
    // Nothing was remembered.
  }
}
