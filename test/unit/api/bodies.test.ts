import type { IncomingMessage } from 'node:http';
import { PassThrough, Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { jsonObjectOf } from '../../../src/api/json-body.ts';
import { linesOf } from '../../../src/api/ndjson-lines.ts';
import { BodyAborted } from '../../../src/api/request-body.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';

describe('JSON', () => {
  it.each([
    ['objects', '{"a":', '{}', '}'],
    ['lists', '{"a":', '[]', '}'],
  ])('may nest bodyNesting %s, and no more', (_what, before, innermost, after) => {
    const nested = (depth: number) => Buffer.from(`${before.repeat(depth - 1)}${innermost}${after.repeat(depth - 1)}`);
    expect(jsonObjectOf(nested(limits.bodyNesting))).toBeDefined();
    expect(() => jsonObjectOf(nested(limits.bodyNesting + 1))).toThrow(
      expect.objectContaining({ problem: expect.objectContaining({ code: 'invalid-body' }) }),
    );
  });
});

describe('the lines of an import', () => {
  async function read(...chunks: string[]) {
    const body = Object.assign(Readable.from(chunks.map((chunk) => Buffer.from(chunk))), { headers: {}, complete: true });
    const lengths: number[] = [];
    for await (const { bytes } of linesOf(body as unknown as IncomingMessage)) lengths.push(bytes.length);
    return lengths;
  }
  const tooLarge = (line: number) => ({ problem: { code: 'too-large', line } });

  it('have at most importLineBytes each, in one chunk or several', async () => {
    const longest = 'x'.repeat(limits.importLineBytes);
    expect(await read(`${longest}\n`, 'y')).toEqual([longest.length, 1]);
    expect(await read('y\nx', longest.slice(1))).toEqual([1, longest.length]);
    await expect(read(`y\n${longest}x\n`)).rejects.toMatchObject(tooLarge(2));
    await expect(read(longest, 'x')).rejects.toMatchObject(tooLarge(1));
  });

  it.each([{}, { 'content-encoding': 'gzip' }])(
    'end if the client disconnects after the last byte and before it was read: %o',
    async (headers) => {
      const body = Object.assign(new PassThrough(), { headers, complete: true });
      body.write(Buffer.alloc(0));
      const read = linesOf(body as unknown as IncomingMessage).next();
      body.destroy();
      await expect(read).rejects.toBeInstanceOf(BodyAborted);
    },
  );

  it('may have importBlankLines blank lines between them, and no more', async () => {
    const blank = '\n'.repeat(limits.importBlankLines - 1);
    expect(await read(`${blank}\r\ny`)).toEqual([1]);
    await expect(read(`y\n${blank}\r\n\n`)).rejects.toMatchObject(tooLarge(limits.importBlankLines + 2));
  });
});
