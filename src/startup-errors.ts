import { InvalidSecret } from './access/secret.ts';
import { ConfigError } from './config.ts';
import { JournalRefused, JournalUnavailable } from './journal/engine.ts';
import { NotBuilt } from './web/pages/assets.ts';

/** The server did not start. The message is a sentence for the operator. */
export class NotStarted extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'NotStarted';
  }
}

/**
 * Why a server did not start or a secret could not be read, as a sentence that names the variable. Undefined for a fault of the
 * program, which no operator can fix.
 */
export function reasonNotToStart(error: unknown): string | undefined {
  if (error instanceof ConfigError || error instanceof JournalRefused || error instanceof NotStarted) return error.message;
  if (error instanceof NotBuilt) return error.message;
  if (error instanceof InvalidSecret) return `PRESSBOX_DATA_DIR: ${error.message}`;
  if (error instanceof JournalUnavailable) return reasonNotToStart(error.cause) ?? `PRESSBOX_DATA_DIR: ${error.message}`;
  if (!(error instanceof Error)) return undefined;
  const { code, syscall, port, address, hostname, path } = error as SystemError;
  if (code === undefined) return undefined;
  if (code === 'EADDRINUSE') {
    return `PRESSBOX_PORT: port ${port} is in use. Another Pressbox or its demo may be running: --port chooses another port.`;
  }
  // With several workers, the primary binds the port: the system call is `bind`.
  if (code === 'EACCES' && (syscall === 'listen' || syscall === 'bind'))
    return `PRESSBOX_PORT: this process may not listen on port ${port}.`;
  if (code === 'EADDRNOTAVAIL') return `PRESSBOX_HOST: ${address} is not an address of this machine.`;
  // For example a link-local address without its interface, or IPv6 on a system without it.
  if (syscall === 'listen' || syscall === 'bind') return `PRESSBOX_HOST: this process cannot listen on ${address} (${code}).`;
  if (syscall === 'getaddrinfo') return `PRESSBOX_HOST: ${hostname} cannot be resolved (${code}).`;
  const why = fileTroubles[code];
  return why === undefined || path === undefined ? undefined : `PRESSBOX_DATA_DIR: ${path} ${why} (${code}).`;
}

interface SystemError extends Error {
  code?: string;
  syscall?: string;
  port?: number;
  address?: string;
  hostname?: string;
  path?: string;
}

const fileTroubles: Readonly<Record<string, string>> = {
  EACCES: 'may not be used by this process',
  EPERM: 'may not be used by this process',
  EROFS: 'cannot be written, because its file system is read-only',
  ENOTDIR: 'is not inside a directory',
  EEXIST: 'is not a directory',
  EISDIR: 'is a directory where a file should be',
  ENOENT: 'cannot be created',
  ENOSPC: 'cannot be written, because there is no space left',
  EDQUOT: 'cannot be written, because there is no space left',
  ELOOP: 'is a link that cannot be resolved',
  ENAMETOOLONG: 'is too long',
};
