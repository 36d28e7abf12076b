import { EventEmitter } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Request, Response } from 'express';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { readPage, start } from '../../../src/api/export-routes.ts';
import { readHead } from '../../../src/api/media-transfer-routes.ts';
import { type BeginUpload, receiveUpload } from '../../../src/api/receive-upload.ts';
import { discardRest } from '../../../src/api/request-body.ts';
import { createSlots } from '../../../src/http/concurrency-slots.ts';
import { responseLimits } from '../../../src/http/http-limits.ts';
import { liveLimits } from '../../../src/live/live-limits.ts';
import { newsroomLimits } from '../../../src/newsroom/newsroom-limits.ts';
import type { Refusal } from '../../../src/protocol/problems.ts';
import { appended, createChannel, type PostState, publish, revision, takedown } from '../../support/stores/engines.ts';
import { openTempMemory } from '../../support/stores/memory-engine/open-temp.ts';

describe('a request with a body', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** An upload whose client has sent nothing yet. `receive` reads the body to its end. */
  function uploading({ mostMs = newsroomLimits.longUploadMs } = {}) {
    const socket = { bytesRead: 0 };
    const request = Object.assign(new PassThrough(), { socket, complete: false });
    const onStalled = vi.fn();
    const slots = createSlots(1, { onRejected() {} });
    const received = receiveUpload(
      request as unknown as Request,
      { set: vi.fn() } as unknown as Response,
      { slots, onStalled },
      async (begin) => void (await buffer(begin('ada', mostMs))),
    ).then(
      () => 'received',
      ({ problem }: Refusal) => problem,
    );
    return { request, socket, onStalled, received, slots };
  }
  const tooSlow = (detail: RegExp) => ({
    code: 'rate-limited',
    retryAfter: responseLimits.slotRetrySeconds,
    detail: expect.stringMatching(detail),
  });

  it('is refused if an upload sends less than uploadBytesPerSecond over any uploadStallMs', async () => {
    const { socket, onStalled, received, slots } = uploading();
    const { uploadStallMs, uploadBytesPerSecond } = newsroomLimits;
    const enough = (uploadStallMs / 1_000) * uploadBytesPerSecond;
    vi.advanceTimersByTime(uploadStallMs - 1);
    socket.bytesRead += enough;
    vi.advanceTimersByTime(1);
    // Windows that begin earlier have the bytes before as well.
    socket.bytesRead += enough - 1;
    vi.advanceTimersByTime(uploadStallMs - 1);
    expect(onStalled).not.toHaveBeenCalled();
    expect(() => slots.take('grace')).toThrow('At most 1');
    vi.advanceTimersByTime(1);
    expect(await received).toMatchObject(tooSlow(/less than 2 KiB a second for 30 seconds.*better connection/));
    expect(onStalled).toHaveBeenCalledOnce();
    slots.take('grace');
  });

  it.each([
    ['uploadMs', newsroomLimits.uploadMs, /longer than 10 minutes/],
    ['longUploadMs', newsroomLimits.longUploadMs, /longer than 45 minutes/],
  ])('is refused if an upload takes longer than %s', async (_, mostMs, detail) => {
    const { socket, onStalled, received } = uploading({ mostMs });
    for (let passed = 0; passed < mostMs - 1_000; passed += 1_000) {
      socket.bytesRead += newsroomLimits.uploadBytesPerSecond;
      vi.advanceTimersByTime(1_000);
    }
    socket.bytesRead += newsroomLimits.uploadBytesPerSecond;
    vi.advanceTimersByTime(999);
    expect(onStalled).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(await received).toMatchObject(tooSlow(detail));
  });

  it('is not watched once it is whole, while it is processed', async () => {
    const { request, onStalled, received } = uploading();
    request.complete = true;
    vi.advanceTimersByTime(newsroomLimits.longUploadMs);
    request.end('picture');
    expect(await received).toBe('received');
    expect(onStalled).not.toHaveBeenCalled();
  });

  it.each(['before', 'after'])('is given up if its client disconnects %s an upload has arrived whole', async (when) => {
    const { request, onStalled, received, slots } = uploading();
    request.write('picture');
    request.complete = when === 'after';
    request.destroy();
    expect(await received).toBe('received');
    expect(onStalled).not.toHaveBeenCalled();
    slots.take('grace');
  });

  it('takes no slot for long if its client disconnected before the upload began', async () => {
    const request = Object.assign(new PassThrough(), { socket: { bytesRead: 0 }, complete: true });
    const slots = createSlots(1, { onRejected() {} });
    request.write('picture');
    request.destroy();
    await new Promise((resolve) => request.once('close', resolve));
    const read = async (begin: BeginUpload) => void (await buffer(begin('ada', newsroomLimits.uploadMs)));
    await receiveUpload(request as unknown as Request, {} as Response, { slots, onStalled() {} }, read);
    slots.take('grace');
  });

  it('is read for importRestMs after it was refused, and then cut', () => {
    const destroy = vi.fn();
    const request = Object.assign(new EventEmitter(), { complete: false, unpipe: vi.fn(), resume: vi.fn(), destroy });
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
