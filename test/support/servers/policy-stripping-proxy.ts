import { request as ask, createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { proxyAddress } from './addresses.ts';

/**
 * A proxy that removes the content security policy from answers, like a badly configured one. Pages must be safe without it. WebSockets
 * pass unchanged.
 */
export interface PolicyFreeProxy extends AsyncDisposable {
  url: string;
}

export async function startProxyWithoutPolicy(target: string): Promise<PolicyFreeProxy> {
  const { hostname, port } = new URL(target);
  const proxy = createServer((request, response) => {
    const { method, url: path, headers } = request;
    const passed = ask({ hostname, port, method, path, headers }, (answer) => {
      const { 'content-security-policy': _, 'x-content-type-options': __, ...left } = answer.headers;
      response.writeHead(answer.statusCode ?? 502, left);
      answer.pipe(response);
    });
    passed.on('error', () => response.destroy());
    request.pipe(passed);
  });
  const sockets = new Set<{ destroy(): void }>();
  proxy.on('upgrade', (request, socket, head) => {
    const on = connect(Number(port), hostname);
    for (const one of [on, socket]) {
      sockets.add(one);
      one.on('error', () => {}).on('close', () => [on, socket].map((each) => each.destroy()));
    }
    const lines = request.rawHeaders.flatMap((_, at, all) => (at % 2 === 0 ? [`${all[at]}: ${all[at + 1]}`] : []));
    on.write(`${[`${request.method} ${request.url} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`);
    on.write(head);
    socket.pipe(on).pipe(socket);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    url: proxyAddress((proxy.address() as AddressInfo).port, target),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
