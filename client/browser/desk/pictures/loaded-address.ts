/**
 * The address from which this page loads a picture. Only pictures of this server have addresses with `http:`, and the policy of the
 * page allows them on its own host alone.
 */
export function loadedAddress(url: string): string {
  return url.replace(/^http:[/][/][^/]*/i, location.origin);
}
