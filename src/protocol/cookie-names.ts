/** The names of the cookies of a session. Servers on one host have their own, because the base path is part of each name. */
export function sessionCookieName(basePath: string): string {
  return `pressbox${dotted(basePath)}`;
}

/** The cookie with the owner key of the session, which scripts can read. */
export function ownerCookieName(basePath: string): string {
  return `pressbox-owner${dotted(basePath)}`;
}

function dotted(basePath: string): string {
  return basePath.replaceAll('/', '.');
}
