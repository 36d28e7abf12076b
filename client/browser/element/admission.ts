import type { Channel } from '../../../src/protocol/model.ts';

/** Whether a server lets the page that is open read a channel. */
export type Admission = 'admitted' | 'not-admitted' | 'not-reached';

/**
 * Browsers keep from a script why an answer was kept from it. So two are asked for: one that the server gives to every page, and the channel,
 * which only admitted pages may read. Whatever the channel's answer says, one that may be read means that the page is admitted.
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

/** What anyone may know of a channel; undefined where that is nothing, or it cannot be asked. */
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
