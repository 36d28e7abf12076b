/**
 * What a page says about itself and its network, where there is a page: nothing here is there in Node, and little in React Native, whose
 * apps call `wake()` themselves.
 */
interface ListenerTarget {
  addEventListener?(name: string, listener: (event: { persisted?: boolean }) => void): void;
  removeEventListener?(name: string, listener: (event: { persisted?: boolean }) => void): void;
}
interface PageGlobals extends ListenerTarget {
  document?: ListenerTarget & { visibilityState?: string };
  /** Of the Network Information API; only some devices tell the type. */
  navigator?: { connection?: ListenerTarget & { type?: string } };
}

export interface PageLifecycleListener {
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
export function onPageLifecycle({ wake, hide, leave }: PageLifecycleListener): () => void {
  const page = globalThis as PageGlobals;
  const { document } = page;
  const connection = page.navigator?.connection;
  let type = connection?.type;
  const undo = [
    addListener(page, 'online', () => wake(true)),
    addListener(page, 'pageshow', ({ persisted }) => persisted && wake(false)),
    addListener(page, 'pagehide', () => {
      hide();
      leave();
    }),
    addListener(document, 'visibilitychange', () => (document?.visibilityState === 'visible' ? wake(false) : hide())),
    // Estimates of speed change all the time.
    addListener(connection, 'change', () => {
      if (type === connection?.type) return;
      type = connection?.type;
      wake(true);
    }),
  ];
  return () => {
    for (const each of undo) each();
  };
}

function addListener(
  target: ListenerTarget | undefined,
  name: string,
  listener: (event: { persisted?: boolean }) => void,
): () => void {
  if (typeof target?.addEventListener !== 'function') return () => {};
  target.addEventListener(name, listener);
  return () => target.removeEventListener?.(name, listener);
}
