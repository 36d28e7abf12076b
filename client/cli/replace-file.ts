import { open, rename } from 'node:fs/promises';

/** Writes under another name first, so that an interruption leaves the file before it. Only this user can read the file. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const part = `${path}.part`;
  {
    await using handle = await open(part, 'w', 0o600);
    await handle.writeFile(text);
    await handle.sync();
  }
  await rename(part, path);
}
