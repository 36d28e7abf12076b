import type { ByteSource } from './byte-source.ts';

/** The boxes of MP4, M4A and AVIF files (ISO base media file format): a size, a type of four characters, then the content. */

export interface Box {
  type: string;
  /** The offset of the box, header included. */
  offset: number;
  /** With its header. */
  bytes: number;
  /** Bytes of the header: 8, or 16 if the size has 64 bits. */
  header: number;
}

/** The boxes contradict themselves or the file. */
export class MalformedBoxes extends Error {}

/** The boxes at the top of a file, which must fill it exactly. The last one may have no size, which means that it ends the file. */
export async function boxesIn(source: ByteSource, most: number): Promise<Box[]> {
  const boxes: Box[] = [];
  for (let offset = 0; offset < source.bytes; ) {
    if (boxes.length >= most) throw new MalformedBoxes('too many boxes');
    const box = readBox(await source.read(offset, 16), 0, source.bytes - offset, { mayEndFile: true });
    boxes.push({ ...box, offset });
    offset += box.bytes;
  }
  return boxes;
}

/** The boxes in a box whose bytes are in `index`, after `skip` bytes of its content. They must fill it exactly. */
export function childBoxes(index: Buffer, parent: Box, skip = 0): Box[] {
  const boxes: Box[] = [];
  const end = parent.offset + parent.bytes;
  let offset = parent.offset + parent.header + skip;
  if (offset > end) throw new MalformedBoxes(`${parent.type} is too short`);
  while (offset < end) {
    const box = readBox(index, offset, end - offset, { mayEndFile: false });
    boxes.push(box);
    offset += box.bytes;
  }
  return boxes;
}

function readBox(buffer: Buffer, offset: number, room: number, { mayEndFile }: { mayEndFile: boolean }): Box {
  if (room < 8 || buffer.length < offset + 8) throw new MalformedBoxes('a box is cut off');
  const type = buffer.toString('latin1', offset + 4, offset + 8);
  let [bytes, header] = [buffer.readUInt32BE(offset), 8];
  if (bytes === 1) {
    if (buffer.length < offset + 16) throw new MalformedBoxes('a box is cut off');
    [bytes, header] = [Number(buffer.readBigUInt64BE(offset + 8)), 16];
  } else if (bytes === 0 && mayEndFile) bytes = room;
  if (bytes < header || bytes > room) throw new MalformedBoxes(`the size of ${type} is wrong`);
  return { type, offset, bytes, header };
}
