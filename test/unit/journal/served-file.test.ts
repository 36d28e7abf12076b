import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { lossLimits } from '../../../src/journal/losses/loss-limits.ts';
import { ServedChannels } from '../../../src/journal/losses/served-channels.ts';
import { openServedFile, servedFileName } from '../../../src/journal/losses/served-file.ts';

const at = (offset: number) => ({ epoch: 'abcdefabcdef', offset, check: `${offset}`.padStart(16, '0') });

describe('the file with the channels that were served', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
  afterEach(() => void vi.useRealTimers());

  async function aDirectory(): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'pressbox-served-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    return directory;
  }

  async function open(directory: string, most = 9) {
    const served = new ServedChannels(most);
    const warn = vi.fn();
    const file = await openServedFile(directory, served, { warn });
    onTestFinished(() => file.close());
    return { served, warn, file };
  }

  it('is read at the next start, and leaves no other file behind', async () => {
    const directory = join(await aDirectory(), 'data');
    const { served, file } = await open(directory);
    served.note('fire', at(3), 'public');
    await file.close();
    expect(await readdir(directory)).toEqual([servedFileName]);
    const again = await open(directory);
    expect(again.served.get('fire')).toMatchObject({ position: at(3), access: 'public' });
    expect([again.file.isInMemory, again.warn.mock.calls]).toEqual([false, []]);
  });

  it('has what several processes served, and is left alone when nothing changes', async () => {
    const directory = await aDirectory();
    const [one, two] = [await open(directory), await open(directory)];
    one.served.note('fire', at(3), 'public');
    two.served.note('storm', at(4), 'public');
    const path = join(directory, servedFileName);
    await vi.waitFor(async () => {
      await vi.advanceTimersByTimeAsync(lossLimits.servedSaveMs);
      expect([one.served.ids.toSorted(), two.served.ids.toSorted()]).toEqual(Array(2).fill(['fire', 'storm']));
    });
    await one.file.close();
    await two.file.close();
    const { ino } = await stat(path);
    const three = await open(directory);
    expect(three.served.ids.toSorted()).toEqual(['fire', 'storm']);
    await three.file.close();
    expect((await stat(path)).ino).toBe(ino);
  });

  it('has every line of many channels, and is not written again by a process that reads it', async () => {
    const directory = await aDirectory();
    const one = await open(directory, 3_000);
    for (let index = 0; index < 2_000; index += 1) one.served.note(`channel-${index}`, at(index + 1), 'public');
    await one.file.close();
    const { ino } = await stat(join(directory, servedFileName));
    const two = await open(directory, 3_000);
    expect(two.served.ids).toEqual(one.served.ids);
    await two.file.close();
    expect((await stat(join(directory, servedFileName))).ino).toBe(ino);
  });

  it('is alone at the start, even if a process was killed while it wrote, and leaves what another one writes', async () => {
    const directory = await aDirectory();
    const [abandoned, fresh] = ['abandoned', 'fresh'].map((name) => join(directory, `${servedFileName}.${name}.part`)) as [
      string,
      string,
    ];
    await writeFile(abandoned, 'fi');
    await utimes(abandoned, 0, 0);
    await writeFile(fresh, 'fi');
    await (await open(directory)).file.close();
    expect((await readdir(directory)).toSorted()).toEqual([servedFileName, basename(fresh)]);
  });

  it('is missed once in the log if it cannot be written, and is written as soon as it can be', async () => {
    const directory = join(await aDirectory(), 'data');
    await writeFile(directory, 'not a directory');
    const { served, warn, file } = await open(directory);
    served.note('fire', at(3), 'public');
    expect(file.isInMemory).toBe(true);
    await rm(directory);
    await mkdir(directory);
    await vi.waitFor(async () => {
      await vi.advanceTimersByTimeAsync(lossLimits.servedSaveMs);
      expect(file.isInMemory).toBe(false);
    });
    expect(await readFile(join(directory, servedFileName), 'utf8')).toContain('fire ');
    expect(warn).toHaveBeenCalledTimes(1);
  });
});
