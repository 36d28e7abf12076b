import { keepSessionElementId } from './view/data.ts';

/**
 * The script that uses the session of a reader whose page is live, on servers with an idle limit for sessions. A socket or stream that
 * is open can be given no cookie, so the page asks who is signed in, and the answer renews the cookie.
 */
const script = document.getElementById(keepSessionElementId);
const connection = document.getElementById('connection');
if (script !== null && connection !== null) run(Number(script.dataset.seconds) * 1_000, connection);

function run(everyMs: number, connection: HTMLElement): void {
  /** `Status` names the transport while the page is live. */
  const isLive = () => Boolean(connection.dataset.transport);
  let wasLive = false;
  let askedAt = Date.now();

  const ask = () => {
    askedAt = Date.now();
    // An answer that is not read keeps its connection. Without one the page reconnects, and asks again then.
    fetch('/v1/session')
      .then((answer) => answer.text())
      .catch(() => {});
  };
  // Going live again uses the session as well, after a time in which it may have been idle.
  new MutationObserver(() => {
    if (isLive() && !wasLive && Date.now() - askedAt >= everyMs) ask();
    wasLive = isLive();
  }).observe(connection, { attributeFilter: ['data-transport'] });
  setInterval(() => isLive() && ask(), everyMs);
}
