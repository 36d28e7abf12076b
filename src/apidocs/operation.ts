import type { z } from 'zod';
import { idempotencyKeyPattern } from '../protocol/client-limits.ts';
import { type ProblemCode, problems } from '../protocol/problems.ts';
import type { ComponentName } from './components.ts';
import { exampleCursor, exampleMediaId } from './example-cursors.ts';
import { limitInWords } from './limit-tables.ts';

/** A route as data, for the OpenAPI document and the page. Tests check that the server matches it. */
export interface Operation {
  /** The `operationId`, which becomes a method name in generated clients. */
  id: string;
  group: Group;
  method: 'get' | 'post' | 'patch' | 'delete';
  /** Contains parameters such as `{channelId}`, which `pathParameters` describes. */
  path: string;
  summary: string;
  /** Markdown without headings. */
  description?: string;
  who: Audience;
  query?: OperationQuery;
  /** Optional headers. */
  optionalHeaders?: readonly RequestHeader[];
  /** Required headers. */
  requiredHeaders?: readonly RequestHeader[];
  body?: OperationBody;
  answers: readonly OperationAnswer[];
  /** Problems beyond those that `problemsOf` finds for every route of its kind. */
  problems?: readonly ProblemCode[];
  /** Problems that have another status here than in the table of problems. */
  statuses?: Partial<Record<ProblemCode, number>>;
}

export interface OperationBody {
  schema: ComponentName;
  /** Default `application/json`. */
  types?: readonly string[];
  /** Whether the body can be left out. */
  optional?: boolean;
}

export interface OperationAnswer {
  status: number;
  description: string;
  /** The schema of the JSON. An answer of another `type` is text. */
  schema?: ComponentName;
  /** Default: `application/json` if there is a schema. */
  type?: string;
  headers?: readonly AnswerHeader[];
}

export interface OperationQuery {
  schema: z.ZodObject;
  fields: Readonly<Record<string, string>>;
}

/** An answer with an entity tag, so that a client can revalidate its copy. */
export function revalidated({
  headers = [],
  ...answer
}: Omit<OperationAnswer, 'status'>): Pick<Operation, 'optionalHeaders' | 'answers'> {
  return {
    optionalHeaders: ['If-None-Match'],
    answers: [
      { status: 200, ...answer, headers: ['ETag', ...headers] },
      { status: 304, description: 'Your copy is still current.', headers: ['ETag'] },
    ],
  };
}

/** The parameters of a query, each with its description. */
export function query<S extends z.ZodObject>(schema: S, fields: { readonly [Name in keyof S['shape']]: string }): OperationQuery {
  return { schema, fields };
}

/** The groups of operations, in the order of the page. */
export const groups = {
  Channels: 'Create, read and change channels, from announcement to end.',
  Reading: 'Read what was published and what changed. These routes are the same for everyone who may read.',
  Feeds: 'The posts in standard formats for other programs.',
  Writing: 'Publish, correct and withdraw posts.',
  Tokens: 'Sign in and out, and revoke tokens.',
  Pages: 'Pages for people with a browser.',
  Documents: 'This API reference, for people and for machines.',
  Operating: 'For operators of the server.',
} as const;
export type Group = keyof typeof groups;

/** The clients that may use a route. The token grants the rights. */
export const audiences = {
  anyone: 'Anyone. Channels with the access `desk` are only visible to their authors and editors.',
  token: 'Anyone with a token.',
  reader: "Anyone if the channel is public, otherwise with a reader's token.",
  author: 'Authors of the channel.',
  'its author': 'The author who published the post (the same `sub`), and editors of the channel.',
  editor: 'Editors of the channel.',
  admin: 'Administrators.',
  operator: 'Anyone who can reach the route. Block it from outside if others should not see it.',
} as const;
export type Audience = keyof typeof audiences;

export const pathParameters = {
  channelId: { schema: 'ChannelId', description: 'The channel.', example: 'eclipse-day' },
  mediaId: { schema: 'MediaId', description: 'The upload.', example: exampleMediaId },
  name: { schema: 'FileName', description: 'The file of the upload.', example: '1200.jpg' },
  postId: { schema: 'PostId', description: 'The post.', example: '01980f0e-9b40-7c21-9d00-2e6f7a1b0002' },
} as const satisfies Record<string, { schema: ComponentName; description: string; example: string }>;

export const requestHeaders = {
  'If-Match': {
    description:
      'The revision that you are changing, so that you do not overwrite another change: `"3"`, an entity tag of an answer, or `*`.',
    pattern: '^(?:(?:W/)?"(?:0|[1-9][0-9]{0,14})(?:-[^"]*)?"|0|[1-9][0-9]{0,14}|\\*)$',
    example: '"1"',
  },
  Origin: {
    description: 'The origin of the page that sends the request. Browsers add it by themselves.',
    example: 'https://live.example.org',
  },
  'If-None-Match': {
    description: 'The entity tag of your copy. If the copy is still current, the answer is 304 without a body.',
    example: '"3"',
  },
  'Last-Event-ID': {
    description:
      'The `id` of the last block that you received. An EventSource sends it by itself. It takes precedence over `after`.',
    example: exampleCursor(0, 4),
  },
  Range: {
    description: 'The part of the file that you need. The answer is then 206.',
    example: 'bytes=0-99',
  },
  'Idempotency-Key': {
    description: `A key that you choose, new for each write. If you send the request again with the same key within ${limitInWords('idempotencyHours')}, the server performs the write once and repeats its answer.`,
    pattern: idempotencyKeyPattern.source,
    example: '7f1c1a52-first-contact',
  },
  'Pressbox-Owner-Key': {
    description:
      'The `ownerKey` of `GET /v1/session` that the request is for. If another person is signed in, the request is refused and changes nothing. Every request below `/v1` may have it.',
    example: 'Xr4ilOzQ4PCOq3aQ0qbuaQ',
  },
} as const satisfies Record<string, { description: string; example: string; pattern?: string }>;
export type RequestHeader = keyof typeof requestHeaders;

export const answerHeaders = {
  ETag: {
    type: 'string',
    description:
      'The entity tag of the answer, for `If-None-Match`. The tag of a post or channel begins with the revision, for `If-Match`. The tag of a compressed answer ends with the coding, such as `"3-gzip"`. Both headers accept the tag as it is.',
  },
  Location: { type: 'string', description: 'The address of the new channel or post, or of the page to go to.' },
  Link: { type: 'string', description: 'The next page, with `rel="next"`. Absent at the end.' },
  'Idempotency-Replayed': { type: 'string', description: '`true` if this key was used before and the write was not repeated.' },
  'Retry-After': { type: 'integer', description: 'Seconds until a retry.' },
  'Set-Cookie': {
    type: 'string',
    description:
      'The session: `HttpOnly`, `SameSite=Lax`, and over TLS `Secure` and named `__Host-pressbox`. When a session begins or ends, a second header sets or deletes the cookie with its owner key, which scripts of the server can read: `pressbox-owner`, or over TLS `__Host-pressbox-owner`. Below a base path, both names end in the path, with dots for slashes.',
  },
  'WWW-Authenticate': { type: 'string', description: 'Says that a bearer token is required (RFC 6750).' },
} as const satisfies Record<string, { type: 'string' | 'integer'; description: string }>;
export type AnswerHeader = keyof typeof answerHeaders;

/** The problems that an operation can answer, by status, in the order of the table of problems. */
export function problemsOf(operation: Operation): Map<number, ProblemCode[]> {
  const { method, path, group, who, query, body, problems: own = [], statuses = {} } = operation;
  const isApi = path.startsWith('/v1/');
  const reads = isApi || group === 'Pages';
  const writes = method !== 'get';
  const has: Partial<Record<ProblemCode, boolean | undefined>> = {
    'invalid-body': query !== undefined || writes,
    'token-missing': isApi && who !== 'anyone',
    'token-invalid': isApi,
    forbidden: isApi && who !== 'anyone',
    'not-found': path.includes('{'),
    'channel-deleted': path.includes('{channelId}'),
    'too-large': writes,
    'wrong-type': body !== undefined,
    'owner-mismatch': operation.optionalHeaders?.includes('Pressbox-Owner-Key'),
    'key-reused': operation.optionalHeaders?.includes('Idempotency-Key'),
    'rate-limited': who !== 'operator',
    'internal-error': reads,
    'journal-unavailable': reads,
    'channel-lost': reads && path.includes('{channelId}'),
    draining: who !== 'operator',
  };
  const byStatus = new Map<number, ProblemCode[]>();
  for (const code of Object.keys(problems) as ProblemCode[]) {
    if (has[code] !== true && !own.includes(code)) continue;
    const status = statuses[code] ?? problems[code].status;
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  return byStatus;
}
