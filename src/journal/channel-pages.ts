/** The `next` of a page of channels: the time that orders the last channel of the page, and the id of that channel. */
export interface PageKey {
  timeMs: number;
  id: string;
}

const form = /^(-?\d{1,15})\.([a-z0-9-]{1,96})$/;

export function formatPageKey({ timeMs, id }: PageKey): string {
  return `${timeMs}.${id}`;
}

/** Undefined: malformed. */
export function parsePageKey(page: string): PageKey | undefined {
  const [, time, id] = form.exec(page) ?? [];
  return time === undefined || id === undefined ? undefined : { timeMs: Number(time), id };
}
