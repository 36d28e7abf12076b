import type { RequestHeader } from './operation.ts';

/**
 * An example request of the documents. The answers are not written by hand: `npm run docs` sends the requests to a real server
 * and stores the answers in `generated/recorded.json`. A test repeats the requests and compares the answers.
 */
export interface Example {
  /** The id of an operation. */
  operation: string;
  /** What the example shows. Together with the operation it identifies the example. */
  name: string;
  /** The role whose token the request has. Without it, the request has no token. */
  as?: ExampleRole;
  path?: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, string | number | boolean>>;
  headers?: Readonly<Partial<Record<RequestHeader, string>>>;
  /** Sent as `Authorization: Bearer`, in place of the token of a role. */
  token?: string;
  /** Sent in place of a token: the code of the sign-in link of this role. Each role has one link. */
  link?: ExampleRole;
  type?: string;
  body?: unknown;
  /** The name of the file that is the body, in place of `body`. */
  file?: string;
  /** The expected status. */
  status: number;
  /**
   * When the request is sent, if not in order: while a reader listens on a socket (`socket`), while something reads the journal's file, so
   * that nothing can be erased yet (`hold`), or while the server shuts down (`drain`).
   */
  during?: 'socket' | 'hold' | 'drain';
}

/** The people of the examples, with the rights of their tokens. */
export const exampleRoles = {
  editor: { sub: 'ada', name: 'Ada Byron', grants: { editor: ['eclipse-*'] } },
  author: { sub: 'grace', name: 'Grace Murray', grants: { author: ['eclipse-day'] } },
  reader: { sub: 'subscriber-7', name: 'Subscriber', grants: { reader: ['*'] } },
  admin: { sub: 'root', name: 'Root', grants: { admin: true } },
} as const;
export type ExampleRole = keyof typeof exampleRoles;

/** The ids in the examples. */
export const channelId = 'eclipse-day';
export const contact = '01980f0e-5a00-7a10-8c00-5b1d6f0a0001';
export const totality = '01980f0e-9b40-7c21-9d00-2e6f7a1b0002';
export const soFar = '01980f0e-dc80-7d32-ae00-3f708b2c0003';
export const rumour = '01980f0f-1dc0-7e43-bf00-40819c3d0004';
export const address = '01980f0f-5f00-7f54-8100-5192ad4e0005';
export const inChannel = { channelId };
export const post = (postId: string) => ({ channelId, postId });

/** The name of an example in the documents and the key of its recorded answer. */
export function keyOf({ operation, name }: Pick<Example, 'operation' | 'name'>): string {
  return `${operation}-${name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')}`;
}
