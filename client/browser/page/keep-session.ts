import { sessionKeepalive } from '../session-keepalive.ts';

/** The script that keeps the session of a reader whose page is live, on servers with an idle limit for sessions. */
const connection = document.getElementById('connection');
if (connection !== null) {
  /** `Status` names the transport while the page is live. */
  const use = sessionKeepalive('', () => Boolean(connection.dataset.transport));
  new MutationObserver(use).observe(connection, { attributeFilter: ['data-transport'] });
  use();
}
