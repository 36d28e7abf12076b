/** Whether a server lets the page that is open read a channel. */
export type Admission = 'admitted' | 'not-admitted' | 'not-reached';

/**
 * Browsers keep from a script why an answer was kept from it. So two are asked for: one that the server gives to every page, and the channel,
 * which only admitted pages may read. Whatever the channel's answer says, one that may be read means that the page is admitted.
 */
export async function admissionTo(server: string, channelId: string): Promise<Admission> {
  if (await isReadable(`/v1/channels/${encodeURIComponent(channelId)}`)) return 'admitted';
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
