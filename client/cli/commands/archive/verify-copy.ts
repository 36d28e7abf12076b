import { createReadStream } from 'node:fs';
import { formatCursor } from '../../../../src/protocol/cursor.ts';
import { CommandFailed } from '../../command-errors.ts';
import { splitLines } from '../../split-lines.ts';
import { mediaInFolder } from '../media-folder.ts';
import { isFaulty, mediaFaults, NamedMedia } from '../verify-media.ts';

/** Reads the export of a channel and its uploads again, as `verify` does. Throws if anything is missing or damaged. */
export async function verifyCopy(channelId: string, file: string, uploads: string): Promise<{ cursor: string }> {
  const { verifyExport } = await import('../../../../src/verify.ts');
  const named = new NamedMedia();
  const lines = splitLines(createReadStream(file));
  let cursor: string | undefined;
  for await (const { report } of verifyExport(lines, { onEntry: (seen) => named.take(seen) })) {
    const { fault, position } = report;
    if (fault !== undefined) throw new CommandFailed(`The export does not hold at offset ${fault.offset}: ${fault.why}.`);
    if (report.channelId !== channelId || position === undefined || cursor !== undefined)
      throw new CommandFailed('The export is not of this channel alone.');
    cursor = formatCursor(position);
  }
  if (cursor === undefined) throw new CommandFailed('The export is empty.');
  const media = await named.compare(channelId, mediaInFolder(uploads));
  if (media !== undefined && isFaulty(media)) throw new CommandFailed(`In the copy, ${mediaFaults(media)}.`);
  return { cursor };
}
