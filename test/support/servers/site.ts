import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Answers HTTP on the loopback, for as long as a test runs. At the end all its connections are ended. */
export interface Site extends AsyncDisposable {
  /** Its origin. */
  readonly url: string;
}

/** `port`: any that is free where it is not given. */
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
