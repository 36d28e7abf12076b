import type { UploadedMedia } from '../../../src/protocol/model.ts';
import { openPlainMediaStore, type PlainMediaStore } from '../stores/plain-media-store.ts';
import { call, startTestServer, type TestServer } from './server.ts';

/** A server that takes uploads. */
export interface MediaServer extends AsyncDisposable {
  server: TestServer;
  store: PlainMediaStore;
  /** Of an editor of every channel. */
  token: string;
  createChannel(id: string, fields?: object): Promise<void>;
  /** A picture of its own. */
  upload(channelId: string, content?: string, type?: string): Promise<UploadedMedia>;
  publish(channelId: string, media: readonly object[]): Promise<string>;
}

export async function startMediaServer(env: Record<string, string> = {}): Promise<MediaServer> {
  const store = await openPlainMediaStore();
  const server = await startTestServer(env, { media: store });
  const token = await server.token({ editor: ['*'] });
  let uploads = 0;
  const sent = async (path: string, body: unknown) => {
    const answer = await call(`${server.url}/v1${path}`, { method: 'POST', token, body });
    if (answer.status > 201) throw new Error(`${path}: ${answer.text}`);
    return answer.body;
  };
  return {
    server,
    store,
    token,
    async createChannel(id, fields = {}) {
      await sent('/channels', { id, headline: `Coverage of ${id}`, ...fields });
    },
    async upload(channelId, content = `picture ${++uploads}`, type = 'image/jpeg') {
      const url = `${server.url}/v1/channels/${channelId}/media`;
      const headers = { 'content-type': type };
      const answer = await call(url, { method: 'POST', token, body: Buffer.from(content), headers });
      if (answer.status > 201) throw new Error(answer.text);
      return (answer.body as { media: UploadedMedia }).media;
    },
    async publish(channelId, media) {
      const { post } = (await sent(`/channels/${channelId}/posts`, { media })) as { post: { id: string } };
      return post.id;
    },
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await store.close();
    },
  };
}
