import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import type { Request, Response } from 'express';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { readPage, start } from '../../../src/api/export-routes.ts';
import { readHead } from '../../../src/api/media-transfer-routes.ts';
import { receiveUpload } from '../../../src/api/receive-upload.ts';
import { discardRest } from '../../../src/api/rest-of-body.ts';
import { createSlots } from '../../../src/http/concurrency-slots.ts';
import { liveLimits } from '../../../src/live/live-limits.ts';
import { newsroomLimits } from '../../../src/newsroom/newsroom-limits.ts';
import { appended, createChannel, type PostState, publish, revision, takedown } from '../../support/stores/engines.ts';
import { openTempMemory } from '../../support/stores/memory-engine/open-temp.ts';

describe('a request with a body', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is cut if it sends no byte of an upload for uploadStallMs', async () => {
    const resetAndDestroy = vi.fn();
    const socket = { bytesRead: 0, resetAndDestroy };
    const onStalled = vi.fn();
    const slots = createSlots(1, { onRejected() {} });
    const over = Promise.withResolvers<void>();
    const request = { socket, complete: false } as unknown as Request;
    const received = receiveUpload(request, {} as Response, { slots, onStalled }, (begin) => {
      begin();
      return over.promise;
    });
    const { uploadStallMs } = newsroomLimits;
    vi.advanceTimersByTime(uploadStallMs - 1);
    socket.bytesRead += 1;
    vi.advanceTimersByTime(uploadStallMs);
    expect(onStalled).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    vi.advanceTimersByTime(uploadStallMs - 1);
    expect([onStalled, resetAndDestroy].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
    over.resolve();
    await received;
  });

  it('is read for importRestMs after it was refused, and then cut', () => {
    const destroy = vi.fn();
    const request = Object.assign(new EventEmitter(), { complete: false, resume: vi.fn(), destroy });
    discardRest(request as unknown as Request, { set: vi.fn() } as unknown as Response);
    vi.advanceTimersByTime(newsroomLimits.importRestMs - 1);
    expect([request.resume, destroy].map(({ mock }) => mock.calls.length)).toEqual([1, 0]);
    vi.advanceTimersByTime(1);
    expect(destroy).toHaveBeenCalledTimes(1);
  });
});

it('the first line of a moved upload may have movedHeadBytes', async () => {
  const lineOf = (bytes: number) => `${JSON.stringify({ a: '' }).padEnd(bytes)}\n`;
  const problemOf = async (...chunks: string[]) => {
    const request = Readable.from(chunks.map((chunk) => Buffer.from(chunk))) as unknown as Request;
    const refusal = await readHead(request).catch((error: { problem: { errors: { message: string }[] } }) => error);
    return 'problem' in refusal ? refusal.problem.errors[0]?.message : undefined;
  };
  const { movedHeadBytes } = newsroomLimits;
  const tooLong = 'The first line must have at most 16 KiB.';
  expect(await problemOf(lineOf(movedHeadBytes))).not.toBe(tooLong);
  expect(await problemOf(lineOf(movedHeadBytes + 1))).toBe(tooLong);
  expect(await problemOf('x'.repeat(movedHeadBytes), 'x', 'x')).toBe(tooLong);
});

describe('an export', () => {
  async function opened() {
    const { engine, close } = await openTempMemory();
    onTestFinished(close);
    const { id } = await createChannel(engine);
    const pages = async () => {
      const lines: number[] = [];
      for (let position: typeof start | undefined = start; position !== undefined; ) {
        const page: Awaited<ReturnType<typeof readPage>> = await readPage(engine, id, position);
        lines.push(page.lines.length);
        position = page.next;
      }
      return lines;
    };
    return { engine, id, pages };
  }

  it('reads exportPageEntries entries at a time', async () => {
    const { engine, id, pages } = await opened();
    let post: PostState = await publish(engine, id);
    // Entries with a text fill a page sooner. The takedown erases those of the revisions before it.
    for (let nth = 3; nth <= liveLimits.exportPageEntries; nth += 1) {
      const next = revision({ ...post, history: [] }, { body: 'x' });
      await appended(engine, id, [next]);
      post = next.post;
    }
    await appended(engine, id, [takedown(post)]);
    expect(await pages()).toEqual([liveLimits.exportPageEntries, 1]);
  });

  it('reads exportPageBytes at a time, and one entry in any case', async () => {
    const { engine, id, pages } = await opened();
    const half = liveLimits.exportPageBytes / 2;
    for (const bytes of [half - 4_000, half - 4_000, half, half, 3 * half]) {
      await publish(engine, id, { body: 'x', html: 'x'.repeat(bytes) });
    }
    expect(await pages()).toEqual([3, 1, 1, 1]);
  });
});
