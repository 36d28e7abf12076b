/** Where on its host the server at this address is: empty, or such as `/news/live`. */
export function basePathOf(url: string): string {
  return new URL(url).pathname.replace(/\/$/, '');
}

/** The address at which a proxy listens: the origin of its port, and the base path of the server that it passes requests on to. */
export function proxyAddress(port: number, target: string): string {
  return `http://127.0.0.1:${port}${basePathOf(target)}`;
}

/** Where the stock Socket.IO client finds the server at this address: `io(origin, { path })`. */
export function socketIoAt(url: string): { origin: string; path: string } {
  return { origin: new URL(url).origin, path: `${basePathOf(url)}/socket.io` };
}
