import type { Channel } from '../../../src/protocol/model.ts';

/** Whether a server lets this page read a channel. */
export type Admission = 'admitted' | 'not-admitted' | 'not-reached';

/**
 * A browser does not tell a script why a request failed. So two files are requested: the channel, which only admitted pages may
 * read, and `/embed.js`, which every page may read. Any readable answer for the channel, even an error, means that the page is
 * admitted.
 */
export async function checkAdmission(server: string, channelId: string): Promise<Admission> {
  if (await isReadable(pathOf(channelId))) return 'admitted';
  return (await isReadable('/embed.js')) ? 'not-admitted' : 'not-reached';

  async function isReadable(path: string): Promise<boolean> {
    try {
      await fetch(server + path, { method: 'HEAD', cache: 'no-store', credentials: 'omit' });
      return true;
    } catch {
      return false;
    }
  }
}

/** The public data of a channel. Undefined if there is none or the request fails. */
export async function fetchPublicChannel(server: string, channelId: string): Promise<Channel | undefined> {
  try {
    const answer = await fetch(server + pathOf(channelId), { credentials: 'omit' });
    return answer.ok ? await answer.json() : undefined;
  } catch {
    return undefined;
  }
}

function pathOf(channelId: string): string {
  return `/v1/channels/${encodeURIComponent(channelId)}`;
}
