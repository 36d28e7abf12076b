import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { bytesMost, headBytes, judgeKind, type MediaKind } from './media-kind.ts';
import type { Upload } from './media-store.ts';
import type { Refusal } from './render-messages.ts';

export type Received = { status: 'received'; kind: MediaKind; sha256: string; bytes: number } | Refusal;

/**
 * Writes the body of an upload to a new file. Its first bytes decide what it is and how large it may be. Nothing is written before
 * that. A refused body is not read any further and stays open, so that an answer can be sent.
 */
export async function receiveUpload({ body, mimeType, length }: Upload, path: string): Promise<Received> {
  const chunks = body.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  const next = async (): Promise<Buffer | undefined | 'broken'> => {
    try {
      const { value, done } = await chunks.next();
      return done ? undefined : Buffer.from(value);
    } catch {
      return 'broken';
    }
  };
  try {
    let head = Buffer.alloc(0);
    let isEnd = false;
    while (!isEnd && head.length < headBytes) {
      const chunk = await next();
      if (chunk === 'broken') return incomplete();
      isEnd = chunk === undefined;
      if (chunk !== undefined) head = Buffer.concat([head, chunk]);
    }
    const judgement = judgeKind(head.subarray(0, headBytes), mimeType);
    if ('refusal' in judgement) return { status: 'refused', code: 'wrong-type', detail: judgement.refusal };
    const { kind } = judgement;
    const most = bytesMost(kind);
    if (length !== undefined && length > most) return tooLarge(most);

    const hash = createHash('sha256');
    let bytes = 0;
    await using file = await open(path, 'wx', 0o600);
    for (let chunk: Buffer | undefined | 'broken' = head; chunk !== undefined; chunk = isEnd ? undefined : await next()) {
      if (chunk === 'broken') return incomplete();
      bytes += chunk.length;
      if (bytes > most) return tooLarge(most);
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    if (length !== undefined && bytes !== length) return incomplete();
    return { status: 'received', kind, sha256: hash.digest('hex'), bytes };
  } finally {
    await chunks.return?.();
  }
}

function tooLarge(most: number): Refusal {
  const megabytes = Math.round(most / 1024 / 1024);
  return { status: 'refused', code: 'too-large', detail: `Files of this type may have ${megabytes} MiB.` };
}

function incomplete(): Refusal {
  return { status: 'refused', code: 'invalid-body', detail: 'The upload ended before the file was complete. Send it again.' };
}
