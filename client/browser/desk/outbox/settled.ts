import type { Problem } from '../../../../src/protocol/problems.ts';
import type { DevicePicture } from '../pictures/device-picture.ts';
import type { Outbox, OutboxEntry } from './outbox-model.ts';

/** The outcome of a write that its author waits for. `later`: it is on this device and goes out by itself. */
export type Settled =
  | { status: 'done' }
  | { status: 'refused'; problem: Problem }
  | { status: 'conflict'; problem: Problem }
  /** The server does not take a picture of the write, which waits on this device. */
  | { status: 'picture-refused'; problem: Problem }
  | { status: 'later' };

/** How long an author looks at "Saving …" before the desk says that it goes on by itself, milliseconds. */
const patienceMs = 6_000;

/**
 * Resolves once the server has answered, or after a while. As long as pictures are being uploaded it waits on, and calls `onUploading`
 * after each while.
 */
export async function settled(outbox: Outbox, id: string, onUploading: () => void): Promise<Settled> {
  const { promise, resolve } = Promise.withResolvers<Settled>();
  const check = () => {
    const found = outcomeOf(
      outbox.entries.find((entry) => entry.id === id),
      outbox.pictures.all,
    );
    if (found !== undefined) resolve(found);
  };
  const undo = outbox.subscribe(check);
  let timer = setTimeout(loseOrKeepPatience, patienceMs);
  check();
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    undo();
  }

  function loseOrKeepPatience(): void {
    if (!waitsForUpload(outbox, id)) return resolve({ status: 'later' });
    onUploading();
    timer = setTimeout(loseOrKeepPatience, patienceMs);
  }
}

/** Whether the entry waits for a picture, and bytes of pictures are on their way. Another picture may have its turn first. */
function waitsForUpload({ entries, pictures }: Outbox, id: string): boolean {
  const entry = entries.find((one) => one.id === id);
  if (entry?.state.at !== 'saved' || entry.pictures === undefined) return false;
  return pictures.all.some((picture) => pictures.progressOf(picture.id) !== undefined);
}

/** Undefined while there is no answer. A delivered entry leaves the outbox after a while. */
function outcomeOf(entry: OutboxEntry | undefined, pictures: readonly DevicePicture[]): Settled | undefined {
  if (entry === undefined) return { status: 'done' };
  const { state } = entry;
  switch (state.at) {
    case 'on-disk':
    case 'out':
      return { status: 'done' };
    case 'refused':
    case 'conflict':
      return { status: state.at, problem: state.problem };
    case 'saved': {
      const uploads = pictures.filter(({ id }) => entry.pictures?.includes(id)).map(({ upload }) => upload);
      const refused = uploads.find((upload) => upload.at === 'refused');
      return refused && { status: 'picture-refused', problem: refused.problem };
    }
    case 'held':
    case 'sending':
    case 'asking':
      return undefined;
  }
}
