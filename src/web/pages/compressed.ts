import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import type { Request, RequestHandler } from 'express';

/** As browsers list them; they take brotli over HTTPS alone. The first that is taken is sent. */
const encodings = { br: promisify(brotliCompress), gzip: promisify(gzip) } as const;
type Encoding = keyof typeof encodings;

/** The built files as compressed bytes, made when one is first asked for and kept: there are few, and none changes while the server runs. */
export type Compress = (name: string, encoding: Encoding) => Promise<Buffer>;

export function createCompress(directory: string): Compress {
  const made = new Map<string, Promise<Buffer>>();
  return (name, encoding) => {
    const key = `${encoding} ${name}`;
    const making = made.get(key) ?? readFile(join(directory, name)).then((bytes) => encodings[encoding](bytes));
    made.set(key, making);
    return making.catch((error: unknown) => {
      made.delete(key);
      throw error;
    });
  };
}

/** The encoding that is sent to who asks; false where they take none. */
export function encodingFor(req: Request): Encoding | false {
  return req.acceptsEncodings(Object.keys(encodings)) as Encoding | false;
}

/**
 * For the path at which it is mounted. Whoever takes neither encoding is passed on; what is not among `names` is not there for anyone,
 * also where a file of that name lies beside them. What is written by people is never compressed here, so that its size tells nobody what
 * it holds.
 */
export function compressed(compress: Compress, names: ReadonlySet<string>): RequestHandler {
  return async (req, res, next) => {
    const name = req.path.slice(1);
    if (!names.has(name)) return next('router');
    if (req.method !== 'GET' && req.method !== 'HEAD') return next();
    res.vary('Accept-Encoding');
    const encoding = encodingFor(req);
    if (encoding === false) return next();
    // Before the headers, which would be those of a problem too.
    const bytes = await compress(name, encoding);
    res
      .set({ 'Content-Encoding': encoding, 'Cache-Control': 'public, max-age=31536000, immutable' })
      .type(extname(name))
      .send(bytes);
  };
}
