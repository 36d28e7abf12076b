import { deviceName } from '../app/device-names.ts';
import type { SessionFacts } from './session-changes.ts';

/** How often a desk asks for the session, milliseconds. The shortest limit for an unused session is five minutes. */
const pollMs = 60_000;

export interface SessionWatchOptions {
  /** Something may have changed: ask the server. */
  ask: () => void;
  /** The session ends if it is not used, so a hidden desk asks too. */
  mustStayInUse: () => boolean;
  /** Another tab of the desk has this session. */
  onSession: (session: SessionFacts) => void;
  /** The author signed out in another tab of the desk. */
  onSignedOut: () => void;
}

type Message = { type: 'session'; session: SessionFacts } | { type: 'signed-out' };

/**
 * Notices that the session of this browser has changed: other tabs of the desk say so, and a visible desk asks the server every minute
 * and when it becomes visible. Asking counts as use of the session, which an open connection does not.
 */
export class SessionWatch {
  readonly #tabs: BroadcastChannel | undefined;

  constructor({ ask, mustStayInUse, onSession, onSignedOut }: SessionWatchOptions) {
    const isVisible = () => document.visibilityState === 'visible';
    setInterval(() => (isVisible() || mustStayInUse()) && ask(), pollMs);
    document.addEventListener('visibilitychange', () => isVisible() && ask());
    if (typeof BroadcastChannel !== 'function') return;
    this.#tabs = new BroadcastChannel(deviceName);
    this.#tabs.addEventListener('message', ({ data }: MessageEvent<Message>) => {
      if (data.type === 'session') onSession(data.session);
      else if (data.type === 'signed-out') onSignedOut();
    });
  }

  /** Tells the other tabs. */
  tell(session: SessionFacts | undefined): void {
    const message: Message =
      session === undefined
        ? { type: 'signed-out' }
        : { type: 'session', session: { ownerKey: session.ownerKey, expiresAt: session.expiresAt } };
    this.#tabs?.postMessage(message);
  }
}
