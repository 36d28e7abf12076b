/**
 * All problems: the code, which never changes, its HTTP status, whether the same request can succeed later, and a sentence for a person.
 * Over HTTP they are sent as RFC 9457 `application/problem+json`, over sockets as the same object.
 */
export const problems = {
  'invalid-body': { status: 400, retry: false, title: 'The request is not valid.' },
  'invalid-cursor': { status: 400, retry: false, title: 'This is not a cursor of Pressbox.' },
  'token-missing': { status: 401, retry: false, title: 'This request needs a token in the header `Authorization: Bearer`.' },
  'token-invalid': { status: 401, retry: false, title: 'The token is invalid, expired or revoked.' },
  'link-used': { status: 401, retry: false, title: 'This sign-in link was used before. Ask for a new link.' },
  forbidden: { status: 403, retry: false, title: 'The token does not permit this.' },
  'not-found': { status: 404, retry: false, title: 'Not found.' },
  'method-not-allowed': { status: 405, retry: false, title: 'This address does not support the method.' },
  'channel-exists': { status: 409, retry: false, title: 'A channel with this id already exists.' },
  'post-exists': { status: 409, retry: false, title: 'A post with this id already exists.' },
  'channel-ended': {
    status: 409,
    retry: false,
    title: 'The coverage has ended: posts can be revised and withdrawn, but not added.',
  },
  'post-withdrawn': { status: 409, retry: false, title: 'This post was withdrawn and can no longer be changed.' },
  'revocations-full': {
    status: 409,
    retry: false,
    title: 'The limit of revoked tokens is reached. Replace the key that signs tokens: all of them are then refused.',
  },
  'media-full': { status: 409, retry: false, title: 'The uploads of this channel have reached their limit.' },
  'channel-deleted': { status: 410, retry: false, title: 'This channel was deleted.' },
  'revision-moved': { status: 412, retry: false, title: 'Somebody else changed it first. `current` has the latest version.' },
  'owner-mismatch': { status: 412, retry: false, title: 'Another person is signed in than the one that the request names.' },
  'too-large': { status: 413, retry: false, title: 'The request is too large.' },
  'wrong-type': { status: 415, retry: false, title: 'This address does not accept the content type of the request.' },
  'key-reused': { status: 422, retry: false, title: 'This idempotency key was used for another request.' },
  'media-unreadable': {
    status: 422,
    retry: false,
    title: 'The file cannot be read, or has something in it that cannot be removed.',
  },
  'if-match-missing': { status: 428, retry: false, title: 'If-Match must name the revision that you are changing.' },
  'rate-limited': { status: 429, retry: true, title: 'Too many requests. Wait before you retry.' },
  'internal-error': { status: 500, retry: true, title: 'Internal server error.' },
  'uploads-disabled': { status: 501, retry: false, title: 'This server takes no uploads.' },
  'format-not-offered': { status: 501, retry: false, title: 'This format is not available.' },
  'journal-unavailable': { status: 503, retry: true, title: 'The journal cannot be reached or accepts no writes.' },
  'channel-lost': {
    status: 503,
    retry: true,
    title: 'The journal lost this channel. It is served again once an operator has brought its data back.',
  },
  'media-unavailable': { status: 503, retry: true, title: 'Uploads cannot be stored or read at the moment.' },
  starting: { status: 503, retry: true, title: 'This server is starting. Retry in a moment, or use another server.' },
  draining: { status: 503, retry: true, title: 'This server is shutting down. Use another server.' },
} as const satisfies Record<string, { status: number; retry: boolean; title: string }>;

export type ProblemCode = keyof typeof problems;

/** The result of an import. */
export interface Imported {
  /** New channels and posts. */
  channels: number;
  posts: number;
  /** Lines written. */
  revisions: number;
  /** Lines that existed already, or whose text was erased here since. */
  skipped: number;
  /** Lines of posts that were taken down here. They stay taken down. */
  withheld: number;
  /** Lines that contradict entries written here in the meantime. The existing entries stay. */
  conflicting: number;
  /** The first conflicts. */
  conflicts: { line: number; channelId: string; postId: string | null; revision: number; why: string }[];
  /** Every written entry has the same position as in its original history, so cursors from there are valid here. */
  sameHistory: boolean;
}

/** A value that did not fit: its JSON path, such as `media[2].url`, and a sentence. */
export interface FieldError {
  path: string;
  message: string;
}

/** An RFC 9457 problem document. `docs/reference/protocol.md` describes the members that the RFC does not. */
export interface Problem {
  type: string;
  code: ProblemCode;
  status: number;
  title: string;
  detail?: string;
  /** With `invalid-body`: each invalid value. */
  errors?: FieldError[];
  /** With `revision-moved`: the current post or channel, in the author's view. */
  current?: unknown;
  /** With `journal-unavailable` and `channel-lost`: whether the write may have happened. */
  outcome?: 'unchanged' | 'unknown';
  /** In an import: the refused line, counted from 1, and the result of the lines before it, which stays. */
  line?: number;
  imported?: Imported;
  /** Seconds until a retry, if a retry can help. Over HTTP also sent as `Retry-After`. */
  retryAfter?: number;
}

export type ProblemDetails = Pick<Problem, 'detail' | 'errors' | 'current' | 'outcome' | 'line' | 'imported' | 'retryAfter'>;

export function problem(code: ProblemCode, details: ProblemDetails = {}): Problem {
  const { status, title } = problems[code];
  return { type: `urn:pressbox:problem:${code}`, code, status, title, ...details };
}

/** The details of `not-found`. A hidden channel is answered like one that does not exist. */
export const missing = {
  channel: { detail: 'There is no channel with this id, or you may not see it. See /docs.' },
  post: { detail: 'This channel has no post with this id. See /docs.' },
  versions: { detail: 'This post was withdrawn, and only authors of the channel may read its revisions. See /docs.' },
  media: { detail: 'There is no such file, or no published post uses it. See /docs.' },
  path: { detail: 'There is nothing at this path. See /docs for all paths.' },
  adminPath: { detail: 'There is nothing at this path of the admin port. See /docs on the public port for all paths.' },
  pageInUrl: { detail: 'The URL is not the page of a channel on this server. See /docs.' },
} as const satisfies Record<string, ProblemDetails>;

/** A refusal of a request, thrown until it reaches the code that answers. Only for known outcomes, never for a failure. */
export class Refusal extends Error {
  readonly problem: Problem;
  constructor(code: ProblemCode, details: ProblemDetails = {}) {
    super(details.detail ?? problems[code].title);
    this.name = 'Refusal';
    this.problem = problem(code, details);
  }
}
