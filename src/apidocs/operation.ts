import type { z } from 'zod';
import { idempotencyKeyPattern } from '../protocol/client-limits.ts';
import { type ProblemCode, problems } from '../protocol/problems.ts';
import type { ComponentName } from './components.ts';
import { exampleCursor } from './example-cursors.ts';
import { limitInWords } from './limit-tables.ts';

/** What a route is, as data: the OpenAPI document and the page are made of it, and tests hold the server to it. */
export interface Operation {
  /** Its `operationId`, which names the method in generated clients. */
  id: string;
  group: Group;
  method: 'get' | 'post' | 'patch' | 'delete';
  /** With `{channelId}` and the like; each has its sentence in `pathParameters`. */
  path: string;
  summary: string;
  /** More about it, in Markdown without headings. */
  description?: string;
  who: Who;
  query?: Query;
  /** Headers that it takes. */
  takes?: readonly RequestHeader[];
  /** Without one of these it is refused. */
  requires?: readonly RequestHeader[];
  body?: Body;
  answers: readonly Answer[];
  /** Beyond those that every route of its kind has; see `problemsOf`. */
  problems?: readonly ProblemCode[];
  /** Where a problem has another status here than in the table. */
  statuses?: Partial<Record<ProblemCode, number>>;
}

export interface Body {
  schema: ComponentName;
  /** Default `application/json`. */
  types?: readonly string[];
  /** It may be left out. */
  optional?: boolean;
}

export interface Answer {
  status: number;
  description: string;
  /** The form of its JSON; with another `type` than JSON it is text. */
  schema?: ComponentName;
  /** Default `application/json` where there is a schema. */
  type?: string;
  headers?: readonly AnswerHeader[];
}

export interface Query {
  schema: z.ZodObject;
  fields: Readonly<Record<string, string>>;
}

/** An answer with an entity tag. A client that holds it asks whether it still stands. */
export function revalidated({ headers = [], ...answer }: Omit<Answer, 'status'>): Pick<Operation, 'takes' | 'answers'> {
  return {
    takes: ['If-None-Match'],
    answers: [
      { status: 200, ...answer, headers: ['ETag', ...headers] },
      { status: 304, description: 'What you hold still stands.', headers: ['ETag'] },
    ],
  };
}

/** The parameters of a query, with a sentence for each. */
export function query<S extends z.ZodObject>(schema: S, fields: { readonly [Name in keyof S['shape']]: string }): Query {
  return { schema, fields };
}

/** In the order of the page. */
export const groups = {
  Channels: 'What readers can subscribe to, and its life from announcement to end.',
  Reading: 'What has been published, and what was changed: the same questions for everyone who may read.',
  Feeds: 'The same posts for programs that know a standard.',
  Writing: 'Publish, correct and withdraw.',
  Tokens: 'Who is known to the server, and for how long.',
  Pages: 'For people with a browser.',
  Documents: 'What you are reading, for people and for machines.',
  Operating: 'For whoever runs the server.',
} as const;
export type Group = keyof typeof groups;

/** Whom the server answers; the rights are those of the token. */
export const whos = {
  anyone: 'Anyone. Channels of the desk are only shown to those who may write in them.',
  token: 'With a token.',
  reader: "Anyone where the channel is public; else with a reader's token.",
  author: 'With a token that may write in the channel.',
  'its author': 'With the token that published the post (the same `sub`), or an editor.',
  editor: 'With a token that may edit the channel.',
  admin: 'With an administrator’s token.',
  operator: 'Anyone who reaches it. Keep it from the outside, should it be no business of theirs.',
} as const;
export type Who = keyof typeof whos;

export const pathParameters = {
  channelId: { schema: 'ChannelId', description: 'The channel.', example: 'eclipse-day' },
  postId: { schema: 'PostId', description: 'The post.', example: '01980f0e-9b40-7c21-9d00-2e6f7a1b0002' },
} as const satisfies Record<string, { schema: ComponentName; description: string; example: string }>;

export const requestHeaders = {
  'If-Match': {
    description:
      'The revision that you are changing, so that nobody is overwritten: `"3"`, an entity tag as it was given, or `*`.',
    pattern: '^(?:(?:W/)?"(?:0|[1-9][0-9]{0,14})(?:-[^"]*)?"|0|[1-9][0-9]{0,14}|\\*)$',
    example: '"1"',
  },
  Origin: {
    description: 'Of the page that sends it, as every browser says by itself.',
    example: 'https://live.example.org',
  },
  'If-None-Match': {
    description: 'An entity tag that you hold. Where it still stands the answer is 304, without a body.',
    example: '"3"',
  },
  'Last-Event-ID': {
    description: 'The `id` of the last block that you got, as an EventSource sends it by itself. It wins over `after`.',
    example: exampleCursor(0, 4),
  },
  'Idempotency-Key': {
    description: `A key of your choice, new for each write. Sent again with the same key within ${limitInWords('idempotencyHours')} the write is done once, and answered as it was.`,
    pattern: idempotencyKeyPattern.source,
    example: '7f1c1a52-first-contact',
  },
} as const satisfies Record<string, { description: string; example: string; pattern?: string }>;
export type RequestHeader = keyof typeof requestHeaders;

export const answerHeaders = {
  ETag: {
    type: 'string',
    description:
      'Entity tag of the answer, for `If-None-Match`; of a post or channel it begins with the revision, for `If-Match`. Where the answer is compressed it ends with the coding, such as `"3-gzip"`; both headers take it as it is.',
  },
  Location: { type: 'string', description: 'Where the new thing is.' },
  Link: { type: 'string', description: 'With `rel="next"`: the next page; absent at the end.' },
  'Idempotency-Replayed': { type: 'string', description: '`true` where this key was used before: the write was not done again.' },
  'Retry-After': { type: 'integer', description: 'Seconds to wait.' },
  'Set-Cookie': {
    type: 'string',
    description: 'The session: readable by no script, `SameSite=Lax`, and over TLS named `__Host-pressbox` and `Secure`.',
  },
  'WWW-Authenticate': { type: 'string', description: 'That a bearer token is wanted (RFC 6750).' },
} as const satisfies Record<string, { type: 'string' | 'integer'; description: string }>;
export type AnswerHeader = keyof typeof answerHeaders;

/** Every problem that an operation may answer, by its status, in the order of the table of problems. */
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
    'key-reused': operation.takes?.includes('Idempotency-Key'),
    'rate-limited': who !== 'operator',
    'internal-error': reads,
    'journal-unavailable': reads,
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
