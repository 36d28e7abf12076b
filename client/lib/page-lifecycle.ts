/** Signals from the page and its network. Node has none of them and React Native few; apps there call `wake()` themselves. */
interface ListenerTarget {
  addEventListener?(name: string, listener: (event: { persisted?: boolean }) => void): void;
  removeEventListener?(name: string, listener: (event: { persisted?: boolean }) => void): void;
}
interface PageGlobals extends ListenerTarget {
  document?: ListenerTarget & { visibilityState?: string };
  /** Network Information API. Only some devices report the type. */
  navigator?: { connection?: ListenerTarget & { type?: string } };
}

export interface PageLifecycleListener {
  /**
   * The connection may be dead: the page became visible, came back from the back/forward cache, or (`network`) the network
   * returned or changed.
   */
  wake(network: boolean): void;
  /** The page is hidden and may be closed without another event. */
  hide(): void;
  /** The page is closed or enters the back/forward cache. Browsers do not cache a page with an open connection. */
  leave(): void;
}

/** Returns a function that removes the listeners. */
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
    // Speed estimates change constantly; only the type counts.
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
