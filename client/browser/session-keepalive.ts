/** How long to wait if no answer told the limit: a quarter of the shortest one that a server may have. Milliseconds. */
const leastMs = 75_000;

/**
 * Uses the browser's session while a page of the server is live, so that it does not become idle. A socket or stream that is open cannot
 * be given a cookie, so this asks who is signed in: the answer renews the cookie and tells the limit. Asks again every quarter of the limit,
 * and not at all if there is none. Call what is returned when `isLive` may have changed.
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
