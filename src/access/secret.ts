import { createHmac, randomBytes } from 'node:crypto';
import { chmod, link, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory, syncDirectory } from '../make-directory.ts';
import { tokenLimits } from './token-limits.ts';

/**
 * The file of the secret that signs tokens if the operator set none: created once, and kept as long as the data directory exists.
 * Its text can be passed to another process as PRESSBOX_JWT_SECRET.
 */
export const secretFile = 'token-secret';
/** The size that HS256 requires (RFC 7518, 3.2). */
export const secretBytes = 32;
const { secretsMost } = tokenLimits;

/** The data directory has no valid secret. The message is a sentence for the operator. */
export class InvalidSecret extends Error {}

/** The first secret signs, and every secret verifies. Several secrets replace one another without interrupting anyone. */
export type Secrets = readonly [first: Uint8Array, ...others: Uint8Array[]];

/** A secret as programs make it: base64, base64url or hexadecimal. */
const generated = new RegExp(`^[A-Za-z0-9+/=_-]{${secretBytes},}$`);

/**
 * The secrets in a setting or a file: one, or several separated by commas. A secret may contain commas itself. It is taken as a
 * list only if a part of it is a generated secret, so a passphrase with commas stays one secret. Returns a sentence if a secret of
 * the list is too short, or if there are too many.
 */
export function secretsIn(text: string): Secrets | string {
  const parts = text.split(',').map((part) => part.trim());
  const isList = parts.length > 1 && parts.some((part) => generated.test(part));
  const secrets = [...new Set(isList ? parts : [text])].map((part) => new Uint8Array(Buffer.from(part)));
  if (secrets.length > secretsMost) return `must have at most ${secretsMost} secrets.`;
  if (secrets.every(({ length }) => length >= secretBytes)) return secrets as [Uint8Array, ...Uint8Array[]];
  return isList
    ? `must have at least ${secretBytes} bytes in each of its secrets, which are separated by commas.`
    : `must have at least ${secretBytes} bytes.`;
}

/** Tells secrets apart without revealing them: a guess can be checked with it, as with any token that the secret signed. */
export function secretPrint(secret: Uint8Array): string {
  return createHmac('sha256', secret).update('pressbox secret print').digest('hex').slice(0, 8);
}

interface SecretConfig {
  jwtSecrets?: Secrets | undefined;
  jwksUrl?: string | undefined;
  dataDir: string;
}

/**
 * The secrets that sign and verify tokens. Undefined if only a JWK set is configured, because then the server signs nothing.
 * `onMade` gets the path of a secret that was created.
 */
export async function secretsFor(config: SecretConfig, onMade?: (path: string) => void): Promise<Secrets | undefined> {
  if (config.jwtSecrets !== undefined) return config.jwtSecrets;
  return config.jwksUrl === undefined ? await loadSecrets(config.dataDir, onMade) : undefined;
}

/**
 * Reads the secrets from the data directory, and creates both if necessary. When it resolves, they are on disk and readable by
 * their owner alone. Several processes that start at the same time get the same secret.
 */
export async function loadSecrets(dataDir: string, onMade: (path: string) => void = () => {}): Promise<Secrets> {
  const path = join(dataDir, secretFile);
  const kept = await read(path);
  if (kept) return kept;
  makeDirectory(dataDir);
  await write(dataDir, path, randomBytes(secretBytes).toString('base64url'));
  const made = await read(path);
  if (!made) throw new InvalidSecret(`The secret in ${path} was removed while it was being created.`);
  onMade(path);
  return made;
}

async function read(path: string): Promise<Secrets | undefined> {
  try {
    const secrets = secretsIn((await readFile(path, 'utf8')).trim());
    if (typeof secrets === 'string')
      throw new InvalidSecret(`The secret in ${path} ${secrets} Restore the file, or remove it so that a new one is created.`);
    // A copy or a restored backup may have wider permissions.
    await chmod(path, 0o600);
    return secrets;
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
