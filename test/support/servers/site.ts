import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An HTTP server on the loopback for the duration of a test. Its connections are closed at the end. */
export interface Site extends AsyncDisposable {
  /** The origin of the site. */
  readonly url: string;
}

/** `port`: by default any free one. */
export async function startSite(answer: RequestListener, port = 0): Promise<Site> {
  const server = createServer(answer);
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}
