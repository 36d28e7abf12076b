import { sessionKeepalive } from '../session-keepalive.ts';
import { basePath } from './base-path.ts';

/** Keeps the session of a reader alive while the page is live, on servers that expire idle sessions. */
const connection = document.getElementById('connection');
if (connection !== null) {
  /** `ConnectionStatus` sets the transport while the page is live. */
  const use = sessionKeepalive(basePath, () => Boolean(connection.dataset.transport));
  new MutationObserver(use).observe(connection, { attributeFilter: ['data-transport'] });
  use();
}
