import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Changes to files that survive a power cut once their promise has resolved. */

/** Makes a directory below an existing one. Parents up to `root` are made too. */
export async function makeDurably(directory: string, root: string): Promise<void> {
  if (directory === root || (await exists(directory))) return;
  await makeDurably(dirname(directory), root);
  await mkdir(directory, { mode: 0o700 }).catch(unless('EEXIST'));
  await syncPath(dirname(directory));
}

/** Writes a small file whole: under another name first, so that nobody reads half of it. */
export async function writeDurably(path: string, text: string, temporary: string): Promise<void> {
  {
    await using file = await open(temporary, 'wx', 0o600);
    await file.writeFile(text);
    await file.sync();
  }
  await rename(temporary, path);
  await syncPath(dirname(path));
}

/** Writes a small file whole, unless there is one. Returns whether it was written. */
export async function createDurably(path: string, text: string, temporary: string): Promise<boolean> {
  {
    await using file = await open(temporary, 'wx', 0o600);
    await file.writeFile(text);
    await file.sync();
  }
  try {
    await link(temporary, path);
    await syncPath(dirname(path));
    return true;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    // A file system without links: two processes at the same moment both write.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) throw error;
    if (await exists(path)) return false;
    await rename(temporary, path);
    await syncPath(dirname(path));
    return true;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Creates an empty file, or gives an existing one this time of modification. In milliseconds since 1970. */
export async function touchDurably(path: string, now: number): Promise<void> {
  {
    await using file = await open(path, 'a', 0o600);
    await file.utimes(now / 1_000, now / 1_000);
    await file.sync();
  }
  await syncPath(dirname(path));
}

/** Writes a file of one letter with this time of modification. In milliseconds since 1970. */
export async function createMarkDurably(path: string, now: number): Promise<void> {
  {
    await using file = await open(path, 'w', 0o600);
    await file.writeFile('c');
    await file.utimes(now / 1_000, now / 1_000);
    await file.sync();
  }
  await syncPath(dirname(path));
}

export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await Promise.all([syncPath(dirname(from)), syncPath(dirname(to))]);
}

/** Removes a file or a directory with all that is in it. It may be missing. */
export async function removeDurably(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await syncPath(dirname(path)).catch(unless('ENOENT'));
}

/** Syncs a file or a directory. */
export async function syncPath(path: string): Promise<void> {
  await using file = await open(path, 'r');
  await file.sync();
}

export async function exists(path: string): Promise<boolean> {
  return (await modifiedAt(path)) !== undefined;
}

/** In milliseconds since 1970. Undefined if the path does not exist. */
export async function modifiedAt(path: string): Promise<number | undefined> {
  return (await stat(path).catch(unless('ENOENT', 'ENOTDIR')))?.mtimeMs;
}

/** The names in a directory, with paths. Empty if it is missing. */
export async function entriesOf(directory: string): Promise<{ name: string; path: string }[]> {
  const names = (await readdir(directory).catch(unless('ENOENT', 'ENOTDIR'))) ?? [];
  return names.sort().map((name) => ({ name, path: join(directory, name) }));
}

/** For `catch`: ignores errors with these codes. */
export function unless(...codes: string[]): (error: NodeJS.ErrnoException) => undefined {
  return (error) => {
    if (!codes.includes(error.code ?? '')) throw error;
    return undefined;
  };
}
