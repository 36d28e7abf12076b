import { channelIdPattern } from '../../../src/protocol/field-rules.ts';
import type { ListedChannel } from '../../../src/protocol/model.ts';
import { bodyWithField, type Http, NoAnswer, NotPressbox, ProblemError } from '../../lib/http.ts';
import { queryString } from '../../lib/platform.ts';
import { CommandFailed } from '../command-errors.ts';

/** For commands that do something with every channel: the list of channels, and whether a failure is of one channel alone. */
export interface Asking {
  http: Http;
  interrupted: AbortSignal;
  /** Sends a request again while that can help. */
  retrying<T>(ask: () => Promise<T>): Promise<T>;
}

export interface ChannelList {
  channels: ListedChannel[];
  /** False if some channels could not be read, so that others may exist. */
  complete: boolean;
}

/** All pages of `GET /v1/channels`. */
export async function listChannels(
  query: { state?: string; order?: string },
  { http, interrupted, retrying }: Asking,
): Promise<ChannelList> {
  const channels: ListedChannel[] = [];
  let complete = true;
  for (let page: string | null | undefined; page !== null; ) {
    const path = `/v1/channels${queryString({ ...query, limit: 100, page })}`;
    const answer = await retrying(() => http.get(path, interrupted));
    const list = bodyWithField<{ channels: ListedChannel[]; next: string | null; complete?: boolean }>('channels', answer);
    for (const channel of list.channels) {
      // Ids become names of files.
      if (!channelIdPattern.test(channel.id)) throw new CommandFailed('The server lists a channel whose id no channel can have.');
      channels.push(channel);
    }
    page = list.next;
    complete &&= list.complete !== false;
  }
  return { channels, complete };
}

/** Whether only this channel failed: the disk is not full, and the server still lists channels to this token. */
export async function isOfChannel(error: unknown, { http, interrupted, retrying }: Asking): Promise<boolean> {
  if (interrupted.aborted) return false;
  if (error instanceof Error && 'syscall' in error) return !('code' in error && diskErrors.has(error.code));
  // Any other error is a bug.
  if (![CommandFailed, ProblemError, NoAnswer, NotPressbox].some((kind) => error instanceof kind)) return false;
  return await retrying(() => http.get(`/v1/channels${queryString({ limit: 1 })}`, interrupted)).then(
    () => true,
    () => false,
  );
}

const diskErrors = new Set<unknown>(['ENOSPC', 'EDQUOT', 'EROFS']);

/** The channel was deleted after it was listed. */
export function isGone(error: unknown): boolean {
  return error instanceof ProblemError && (error.problem.code === 'not-found' || error.problem.code === 'channel-deleted');
}
