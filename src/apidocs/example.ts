import type { RequestHeader } from './operation.ts';

/**
 * A request of the documents. What a server answers is not written: `npm run docs` sends them to a real one and keeps the answers in
 * `generated/recorded.json`, and a test does the same again and compares.
 */
export interface Example {
  /** The id of an operation. */
  operation: string;
  /** What it shows; with the operation it names the example. */
  name: string;
  /** Whose token it carries; left out: none. */
  as?: ExampleRole;
  path?: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, string | number | boolean>>;
  headers?: Readonly<Partial<Record<RequestHeader, string>>>;
  /** With it sent as `Authorization: Bearer`, in place of the token of a role. */
  token?: string;
  type?: string;
  body?: unknown;
  /** The status that must be answered. */
  status: number;
  /**
   * When it is sent, if not in its turn: while a reader hears it on a socket, while something still reads the journal's file, so that
   * nothing can be erased yet, or while the server is going away.
   */
  during?: 'socket' | 'hold' | 'drain';
}

/** Who writes and reads in the examples, by what their tokens grant. */
export const exampleRoles = {
  editor: { sub: 'ada', name: 'Ada Byron', grants: { editor: ['eclipse-*'] } },
  author: { sub: 'grace', name: 'Grace Murray', grants: { author: ['eclipse-day'] } },
  reader: { sub: 'subscriber-7', name: 'Subscriber', grants: { reader: ['*'] } },
  admin: { sub: 'root', name: 'Root', grants: { admin: true } },
} as const;
export type ExampleRole = keyof typeof exampleRoles;

/** The coverage that the examples tell. */
export const channelId = 'eclipse-day';
export const contact = '01980f0e-5a00-7a10-8c00-5b1d6f0a0001';
export const totality = '01980f0e-9b40-7c21-9d00-2e6f7a1b0002';
export const soFar = '01980f0e-dc80-7d32-ae00-3f708b2c0003';
export const rumour = '01980f0f-1dc0-7e43-bf00-40819c3d0004';
export const address = '01980f0f-5f00-7f54-8100-5192ad4e0005';
export const inChannel = { channelId };
export const post = (postId: string) => ({ channelId, postId });

/** Names an example, within the documents and as a key of what was recorded. */
export function keyOf({ operation, name }: Pick<Example, 'operation' | 'name'>): string {
  return `${operation}-${name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')}`;
}
