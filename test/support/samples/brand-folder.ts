import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { root } from '../runner/imports.ts';

/** The folder of an example brand. */
export const exampleBrand = (name: string) => join(root, 'examples/brands', name);

/** A copy of an example brand with these files changed or added. It is removed after the test. */
export async function brandLike(name: string, files: Record<string, string> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pressbox-brand-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await cp(exampleBrand(name), folder, { recursive: true });
  for (const [file, content] of Object.entries(files)) await writeFile(join(folder, file), content);
  return folder;
}
