import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it, onTestFinished, vi } from 'vitest';
import { readConfig } from '../../../src/config.ts';
import { openMediaDirectory } from '../../../src/media/media-directory.ts';
import { mediaLimits } from '../../../src/media/media-limits.ts';
import { MediaUnavailable } from '../../../src/media/media-store.ts';
import { newsroomLimits } from '../../../src/newsroom/newsroom-limits.ts';
import { openMedia } from '../../../src/open-media.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { renderer } from '../../support/stores/engines.ts';
import { openTempMemory } from '../../support/stores/memory-engine/open-temp.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'pressbox-media-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

it('the store of media takes mediaUploads uploads at once', async () => {
  const store = await openMediaDirectory(await folder(), { isShared: false });
  onTestFinished(() => store.close());
  const bodies: Readable[] = [];
  const send = () => {
    const body = new Readable({ read() {} });
    bodies.push(body);
    return store.add('moon', { body, mimeType: 'image/jpeg', length: undefined, by: 'ada' });
  };
  const running = Array.from({ length: mediaLimits.mediaUploads }, send);
  await expect(send()).rejects.toThrow(MediaUnavailable);
  for (const body of bodies) body.push(null);
  const refused = { status: 'refused', code: 'wrong-type' };
  for (const result of await Promise.all(running)) expect(result).toMatchObject(refused);
});

it('the store of media is tidied every mediaSweepMs', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const { engine, close } = await openTempMemory();
  const config = readConfig({ PRESSBOX_MEDIA_DIR: await folder() });
  const opened = await openMedia(config, { engine, renderer, now: Date.now, log: createLog('silent') });
  onTestFinished(async () => {
    await opened?.close();
    await close();
  });
  const sweep = vi.spyOn(opened?.store as NonNullable<typeof opened>['store'], 'sweep');
  vi.advanceTimersByTime(newsroomLimits.mediaSweepMs - 1);
  expect(sweep).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(sweep).toHaveBeenCalledTimes(1);
});
