import { UnfitSecret } from './access/secret.ts';
import { ConfigError } from './config.ts';
import { JournalRefused, JournalUnavailable } from './journal/engine.ts';
import { NotBuilt } from './web/pages/assets.ts';

/** It does not serve; the message is a sentence for whoever started it. */
export class NotStarted extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'NotStarted';
  }
}

/**
 * Why a server did not start, or a secret could not be had, as a sentence that names the variable; undefined where no operator can do
 * anything about it, as it is a fault of the program.
 */
export function reasonNotToStart(error: unknown): string | undefined {
  if (error instanceof ConfigError || error instanceof JournalRefused || error instanceof NotStarted) return error.message;
  if (error instanceof NotBuilt) return error.message;
  if (error instanceof UnfitSecret) return `PRESSBOX_DATA_DIR: ${error.message}`;
  if (error instanceof JournalUnavailable) return reasonNotToStart(error.cause) ?? `PRESSBOX_DATA_DIR: ${error.message}`;
  if (!(error instanceof Error)) return undefined;
  const { code, syscall, port, address, hostname, path } = error as SystemError;
  if (code === undefined) return undefined;
  if (code === 'EADDRINUSE') {
    return `PRESSBOX_PORT: port ${port} is in use. Another Pressbox or its demo may have it: --port names another one.`;
  }
  // Several processes on a port bind it first.
  if (code === 'EACCES' && (syscall === 'listen' || syscall === 'bind'))
    return `PRESSBOX_PORT: this process may not listen on port ${port}.`;
  if (code === 'EADDRNOTAVAIL') return `PRESSBOX_HOST: ${address} is no address of this machine.`;
  // Such as of a link-local address without its interface, or of IPv6 where the system has none.
  if (syscall === 'listen' || syscall === 'bind') return `PRESSBOX_HOST: this process cannot listen on ${address} (${code}).`;
  if (syscall === 'getaddrinfo') return `PRESSBOX_HOST: no address is found for ${hostname} (${code}).`;
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
  EROFS: 'cannot be written, as its file system is read-only',
  ENOTDIR: 'does not lie in a directory',
  EEXIST: 'is no directory',
  EISDIR: 'is a directory where a file should be',
  ENOENT: 'cannot be made',
  ENOSPC: 'cannot be written, as there is no space left',
  EDQUOT: 'cannot be written, as there is no space left',
  ELOOP: 'is a link that leads nowhere',
  ENAMETOOLONG: 'is too long a name',
};
