import { deviceName } from '../app/device-names.ts';
import type { TabMessage, Tabs } from './tabs-model.ts';

/**
 * The tabs of a browser. The Web Lock of the author belongs to one of them, and the browser passes it to the next that asked for
 * it when a tab closes, crashes or is killed. So the tab that has it is the one that was opened first. A page that has a lock, or
 * waits for one, is not kept in the back/forward cache.
 */
export function browserTabs(ownerKey: string): Tabs {
  const name = `${deviceName}-outbox:${ownerKey}`;
  const channel = new BroadcastChannel(name);
  const closing = new AbortController();
  return {
    lead(run) {
      navigator.locks
        .request(name, { signal: closing.signal }, () => run(closing.signal))
        .catch(() => {
          // Closed while it waited.
        });
    },
    tell(message) {
      // The answer to an attempt may arrive after the author has signed out.
      if (!closing.signal.aborted) channel.postMessage(message);
    },
    onTold(hear) {
      channel.addEventListener('message', ({ data }: MessageEvent<TabMessage>) => hear(data));
    },
    close() {
      closing.abort();
      channel.close();
    },
  };
}
