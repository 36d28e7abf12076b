/** The interval if no answer gave the limit: a quarter of the shortest limit a server may have. Milliseconds. */
const leastMs = 75_000;

/**
 * Keeps the reader's session from expiring while a page is live. An open socket or stream cannot renew a cookie, so `/v1/session`
 * is requested: its answer renews the cookie and gives the limit. Repeats after each quarter of the limit, or not at all if there
 * is none. Call the returned function when `isLive` may have changed.
 */
export function sessionKeepalive(server: string, isLive: () => boolean): () => void {
  let isDue = true;
  return function use(): void {
    if (!isDue || !isLive()) return;
    isDue = false;
    let ms = leastMs;
    fetch(`${server}/v1/session`)
      .then(async (answer) => {
        const { session } = await answer.json();
        // Not a number if the session has no limit.
        if (answer.ok) ms = session?.idleSeconds * 250;
      })
      .catch(() => {})
      .then(() => {
        if (ms)
          setTimeout(() => {
            isDue = true;
            use();
          }, ms);
      });
  };
}
