import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import type { Request, RequestHandler } from 'express';

/** In order of preference. Browsers accept brotli only over HTTPS. */
const encodings = { br: promisify(brotliCompress), gzip: promisify(gzip) } as const;
type Encoding = keyof typeof encodings;

/** The built files, compressed at the first request and kept: there are few, and they never change while the server runs. */
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

/** The encoding for the request; false if it accepts none. */
export function encodingFor(req: Request): Encoding | false {
  return req.acceptsEncodings(Object.keys(encodings)) as Encoding | false;
}

/**
 * Serves compressed files at the path where it is mounted, and passes on requests that accept no encoding. Only files in `names` exist.
 * Text written by people is never compressed here, since the size would reveal its content.
 */
export function compressed(compress: Compress, names: ReadonlySet<string>): RequestHandler {
  return async (req, res, next) => {
    const name = req.path.slice(1);
    if (!names.has(name)) return next('router');
    if (req.method !== 'GET' && req.method !== 'HEAD') return next();
    res.vary('Accept-Encoding');
    const encoding = encodingFor(req);
    if (encoding === false) return next();
    // Compress before the headers are set, since they would remain if compressing failed.
    const bytes = await compress(name, encoding);
    res
      .set({ 'Content-Encoding': encoding, 'Cache-Control': 'public, max-age=31536000, immutable' })
      .type(extname(name))
      .send(bytes);
  };
}
