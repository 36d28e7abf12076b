import { randomBytes } from 'node:crypto';
import { chmod, link, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, syncDirectory } from '../make-directory.ts';

/**
 * The secret that signs tokens if the operator set none: created once, and kept as long as the data directory exists. The text of
 * the file is the secret, so it can be passed to another process as PRESSBOX_JWT_SECRET.
 */
const fileName = 'token-secret';
/** The size that HS256 requires (RFC 7518, 3.2). */
export const secretBytes = 32;

/** The data directory has no valid secret. The message is a sentence for the operator. */
export class InvalidSecret extends Error {}

/**
 * The secret that signs and verifies tokens. Undefined if only a JWK set is configured, because then the server signs nothing.
 * `onMade` gets the path of a secret that was created.
 */
export async function secretFor(
  config: { jwtSecret?: Uint8Array | undefined; jwksUrl?: string | undefined; dataDir: string },
  onMade?: (path: string) => void,
): Promise<Uint8Array | undefined> {
  if (config.jwtSecret !== undefined) return config.jwtSecret;
  return config.jwksUrl === undefined ? loadSecret(config.dataDir, onMade) : undefined;
}

/**
 * Reads the secret from the data directory, and creates both if necessary. When it resolves, the secret is on disk and readable
 * by its owner alone. Several processes that start at the same time get the same secret.
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
    // A copy or a restored backup may have wider permissions.
    await chmod(path, 0o600);
    return new Uint8Array(secret);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/**
 * Writes the complete file or nothing: writes and syncs a draft, then links it to its name. If another process has created the
 * file first, that file is kept.
 */
async function write(dataDir: string, path: string, secret: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      // The umask may have changed the mode.
      await file.chmod(0o600);
      await file.writeFile(`${secret}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(draft, path);
  } catch (error) {
    // A write error, such as a full disk, does not name the file.
    if (!isCode(error, 'EEXIST')) throw error instanceof Error ? Object.assign(error, { path }) : error;
  } finally {
    await rm(draft, { force: true });
  }
  syncDirectory(dataDir);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
