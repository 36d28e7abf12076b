import type { Channel } from '../../../src/protocol/model.ts';

/** Why an element has nothing to show. Only an element without posts loads this file. */

/** Servers that were already reported on the console: once per page is enough. */
const warnedServers = new Set<string>();

/**
 * Whether a server does not let this page read a channel, which the console then says. A browser does not tell a script why a
 * request failed. So two files are requested: the channel, which only admitted pages may read, and `/embed.js`, which every page may
 * read. Any readable answer for the channel, even an error, means that the page is admitted.
 */
export async function isNotAdmitted(server: string, channelId: string): Promise<boolean> {
  if ((await isReadable(pathOf(channelId))) || !(await isReadable('/embed.js'))) return false;
  if (!warnedServers.has(server)) {
    warnedServers.add(server);
    console.error(
      `<pressbox-live>: ${server} does not admit pages of ${location.origin}. Its operator can add that origin to PRESSBOX_ORIGINS.`,
    );
  }
  return true;

  async function isReadable(path: string): Promise<boolean> {
    try {
      await fetch(server + path, { method: 'HEAD', cache: 'no-store', credentials: 'omit' });
      return true;
    } catch {
      return false;
    }
  }
}

/** The public data of a channel. Undefined if there is none. Throws if the request fails. */
export async function fetchPublicChannel(server: string, channelId: string): Promise<Channel | undefined> {
  const answer = await fetch(server + pathOf(channelId), { credentials: 'omit' });
  return answer.ok ? await answer.json() : undefined;
}

function pathOf(channelId: string): string {
  return `/v1/channels/${encodeURIComponent(channelId)}`;
}
