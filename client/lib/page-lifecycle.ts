/**
 * What a page says about itself and its network, where there is a page: nothing here is there in Node, and little in React Native, whose
 * apps call `wake()` themselves.
 */
interface Target {
  addEventListener?(name: string, listener: (event: { persisted?: boolean }) => void): void;
  removeEventListener?(name: string, listener: (event: { persisted?: boolean }) => void): void;
}
interface Surroundings extends Target {
  document?: Target & { visibilityState?: string };
  /** Of the Network Information API; only some devices tell the type. */
  navigator?: { connection?: Target & { type?: string } };
}

export interface Listener {
  /**
   * What was connected may no longer be: the page is looked at again, or comes back out of the browser's cache, or (`network`) there is a
   * network again, or another one.
   */
  wake(network: boolean): void;
  /** The page is looked at no more, and may be closed without another word. */
  hide(): void;
  /** The page is closed, or put into the browser's cache, from which it wakes. No browser keeps one there that has a connection. */
  leave(): void;
}

/** Returns its undo. */
export function listen({ wake, hide, leave }: Listener): () => void {
  const page = globalThis as Surroundings;
  const { document } = page;
  const connection = page.navigator?.connection;
  let type = connection?.type;
  const undo = [
    on(page, 'online', () => wake(true)),
    on(page, 'pageshow', ({ persisted }) => persisted && wake(false)),
    on(page, 'pagehide', () => {
      hide();
      leave();
    }),
    on(document, 'visibilitychange', () => (document?.visibilityState === 'visible' ? wake(false) : hide())),
    // Estimates of speed change all the time.
    on(connection, 'change', () => {
      if (type === connection?.type) return;
      type = connection?.type;
      wake(true);
    }),
  ];
  return () => {
    for (const each of undo) each();
  };
}

function on(target: Target | undefined, name: string, listener: (event: { persisted?: boolean }) => void): () => void {
  if (typeof target?.addEventListener !== 'function') return () => {};
  target.addEventListener(name, listener);
  return () => target.removeEventListener?.(name, listener);
}
