import { call } from './server.ts';

/** Whether a proxy sends writes to this node, which has appended since its start. */
export async function takesWrites({ url }: { url: string }): Promise<boolean> {
  const { text } = await call(`${url}/metrics`);
  return Number(/^pressbox_appends_total\{outcome="appended"\} (\d+)$/m.exec(text)?.[1]) > 0;
}
