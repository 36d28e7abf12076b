import type { SessionFacts } from './session-changes.ts';

/** How often a visible desk asks who is signed in, milliseconds. */
const pollMs = 60_000;

export interface SessionWatchOptions {
  /** Something may have changed: ask the server. */
  ask: () => void;
  /** Another tab of the desk has this session. */
  onSession: (session: SessionFacts) => void;
  /** The author signed out in another tab of the desk. */
  onSignedOut: () => void;
}

type Message = { type: 'session'; session: SessionFacts } | { type: 'signed-out' };

/**
 * Notices that the session of this browser has changed: other tabs of the desk say so, and a visible desk asks the server every minute
 * and when it becomes visible. Asking also counts as use of the session.
 */
export class SessionWatch {
  readonly #tabs: BroadcastChannel | undefined;

  constructor({ ask, onSession, onSignedOut }: SessionWatchOptions) {
    const askIfVisible = () => document.visibilityState === 'visible' && ask();
    setInterval(askIfVisible, pollMs);
    document.addEventListener('visibilitychange', askIfVisible);
    if (typeof BroadcastChannel !== 'function') return;
    this.#tabs = new BroadcastChannel('pressbox-desk');
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
