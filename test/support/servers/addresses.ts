/** Where on its host the server at this address is: empty, or such as `/news/live`. */
export function basePathOf(url: string): string {
  return new URL(url).pathname.replace(/\/$/, '');
}

/** The address at which a proxy listens: the origin of its port, and the base path of the server that it passes requests on to. */
export function proxyAddress(port: number, target: string): string {
  return `http://127.0.0.1:${port}${basePathOf(target)}`;
}
