import { randomBytes } from 'node:crypto';
import { chmod, link, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, syncDirectory } from '../make-directory.ts';

/**
 * The secret that signs tokens, where the operator gave none: made once, then the same for as long as the data directory lives.
 * The text of the file is the secret, so that it can be handed to another process as PRESSBOX_JWT_SECRET.
 */
const fileName = 'token-secret';
/** As many as HS256 asks for (RFC 7518, 3.2), however the secret came. */
export const secretBytes = 32;

/** The data directory has none that may be used; the message is a sentence for whoever looks after it. */
export class InvalidSecret extends Error {}

/**
 * The secret to sign and check tokens with, or undefined where only a JWK set is configured and this server signs nothing. `onMade` is
 * told the path where there was none yet.
 */
export async function secretFor(
  config: { jwtSecret?: Uint8Array | undefined; jwksUrl?: string | undefined; dataDir: string },
  onMade?: (path: string) => void,
): Promise<Uint8Array | undefined> {
  if (config.jwtSecret !== undefined) return config.jwtSecret;
  return config.jwksUrl === undefined ? loadSecret(config.dataDir, onMade) : undefined;
}

/**
 * The secret kept in the data directory, which is made if it is not there. When this resolves, the secret is on the disk, readable by
 * its owner alone; of several processes that start at once, all get the same one.
 */
export async function loadSecret(dataDir: string, onMade: (path: string) => void = () => {}): Promise<Uint8Array> {
  const path = join(dataDir, fileName);
  const kept = await read(path);
  if (kept) return kept;
  makeDirectory(dataDir);
  await write(dataDir, path, randomBytes(secretBytes).toString('base64url'));
  const made = await read(path);
  if (!made) throw new InvalidSecret(`The secret in ${path} was removed while it was being created.`);
  onMade(path);
  return made;
}

async function read(path: string): Promise<Uint8Array | undefined> {
  try {
    const secret = Buffer.from((await readFile(path, 'utf8')).trim());
    if (secret.length < secretBytes) {
      throw new InvalidSecret(
        `The secret in ${path} has fewer than ${secretBytes} bytes. Restore the file, or remove it so that a new one is created.`,
      );
    }
    // A copy or a restored backup may have come with wider rights.
    await chmod(path, 0o600);
    return new Uint8Array(secret);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** The whole file or none: written beside its place, synced, then linked there, which fails if another process was first. */
async function write(dataDir: string, path: string, secret: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      // Whatever the umask.
      await file.chmod(0o600);
      await file.writeFile(`${secret}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(draft, path);
  } catch (error) {
    // What is said of a write, as on a disk that is full, names no file.
    if (!isCode(error, 'EEXIST')) throw error instanceof Error ? Object.assign(error, { path }) : error;
  } finally {
    await rm(draft, { force: true });
  }
  syncDirectory(dataDir);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
