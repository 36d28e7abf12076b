import { randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { expect, it } from 'vitest';
import type { Compressor } from '../../../src/http/answer-body.ts';
import { createCompression } from '../../../src/http/compression.ts';

function opened(bounds: { mostBytes: number; most: number }) {
  const outcomes: string[] = [];
  const compression = createCompression((outcome) => outcomes.push(outcome), bounds);
  const request = { headers: { 'accept-encoding': 'gzip' }, acceptsEncodings: () => 'gzip' } as unknown as Request;
  const response = { locals: {} } as unknown as Response;
  compression.handler(request, response, () => undefined);
  return { outcomes, compress: (response.locals.compressor as Compressor).compress };
}

it('compresses as many responses at once as the bound says, and sends a further one uncompressed', async () => {
  const { compress, outcomes } = opened({ mostBytes: 1_000_000, most: 2 });
  const texts = [1, 2, 3].map((nth) => Buffer.from(`text ${nth}`));
  const made = await Promise.all([...texts, texts[0] as Buffer].map((text) => compress(text)));
  expect(made.map(({ status }) => status)).toEqual(['compressed', 'compressed', 'busy', 'compressed']);
  expect((await compress(texts[2] as Buffer)).status).toBe('compressed');
  expect(outcomes).toEqual(['made', 'made', 'passed-over', 'made']);
});

it('keeps compressed responses up to the bound of bytes, then forgets the one that was not used for longest', async () => {
  const texts = [1, 2, 3].map(() => randomBytes(600));
  const [first, second, third] = texts as [Buffer, Buffer, Buffer];
  const sizes: number[] = [];
  for (const text of texts) {
    const made = await opened({ mostBytes: 1_000_000, most: 1 }).compress(text);
    if (made.status === 'compressed') sizes.push(made.bytes.length + 512);
  }
  const two = (sizes[0] as number) + (sizes[1] as number);
  const fitting = opened({ mostBytes: two, most: 1 });
  await fitting.compress(first);
  await fitting.compress(second);
  await fitting.compress(first);
  expect(fitting.outcomes).toEqual(['made', 'made', 'kept']);
  await fitting.compress(third);
  await fitting.compress(first);
  await fitting.compress(second);
  expect(fitting.outcomes.slice(3)).toEqual(['made', 'forgotten', 'kept', 'made', 'forgotten']);
  const tight = opened({ mostBytes: two - 1, most: 1 });
  await tight.compress(first);
  await tight.compress(second);
  expect(tight.outcomes).toEqual(['made', 'made', 'forgotten']);
});
