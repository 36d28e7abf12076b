import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import type { RequestHandler } from 'express';

/** As browsers list them; they take brotli over HTTPS alone. The first that is taken is sent. */
const encodings = { br: promisify(brotliCompress), gzip: promisify(gzip) } as const;
type Encoding = keyof typeof encodings;

/**
 * The built files as compressed bytes, made when one is first asked for and kept: there are few, and none changes while the server runs.
 * What is not among `names`, and whoever takes neither encoding, is passed on. What is written by people is never compressed here, so that
 * its size tells nobody what it holds.
 */
export function compressed(directory: string, names: ReadonlySet<string>): RequestHandler<{ name: string }> {
  const made = new Map<string, Promise<Buffer>>();
  return async (req, res, next) => {
    const { name } = req.params;
    if (!names.has(name)) return next();
    res.vary('Accept-Encoding');
    const encoding = req.acceptsEncodings(Object.keys(encodings)) as Encoding | false;
    if (encoding === false) return next();
    const key = `${encoding} ${name}`;
    const making = made.get(key) ?? readFile(join(directory, name)).then((bytes) => encodings[encoding](bytes));
    made.set(key, making);
    const bytes = await making.catch((error: unknown) => {
      made.delete(key);
      throw error;
    });
    res
      .set({ 'Content-Encoding': encoding, 'Cache-Control': 'public, max-age=31536000, immutable' })
      .type(extname(name))
      .send(bytes);
  };
}
