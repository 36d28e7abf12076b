import { type Command, InvalidArgumentError } from 'commander';
import type { Channel, Event, ReaderPost } from '../../../src/protocol/model.ts';
import { isWithdrawn } from '../../../src/protocol/model.ts';
import { ProblemError } from '../../lib/http.ts';
import { parseServerUrl } from '../../lib/platform.ts';
import { ReaderClient } from '../../lib/reader-client.ts';
import type { ReaderState } from '../../lib/reader-types.ts';
import type { Timeline } from '../../lib/timeline/timeline-model.ts';
import { CannotDo, tellError, whereItIs } from '../command-errors.ts';
import { NotReached, notReached, WrongAddress } from '../explaining-fetch.ts';
import { idOfChannel } from '../option-values.ts';
import { channelLines, clock, correctedLines, postLines, withdrawnLines } from '../post-output.ts';
import { type AskingOptions, addServerOptions, serverOf } from '../server-requests.ts';
import { channelItself, type ShownRevisions, shownRevisions } from '../shown-revisions.ts';
import type { Env, Terminal } from '../terminal.ts';
import { plainLine } from '../terminal-text.ts';

/** `follow`: a reader in the terminal. Posts and events go to the standard output, what the connection does to the standard error. */
interface FollowOptions extends AskingOptions {
  since?: string;
  posts: number;
}

export function addFollowCommand(program: Command, env: Env, terminal: Terminal, done: (code: number) => void): void {
  addServerOptions(program.command('follow'), env)
    .description('Follow a channel in the terminal')
    .argument('<channel>', 'its id', idOfChannel)
    .option('--since <cursor>', 'begin after this cursor: what changed since, each thing once')
    .option('--posts <number>', 'posts to begin with, 1 to 100', count, 10)
    .addHelpText(
      'after',
      `
With --json each event is printed as one line of JSON; its "cursor" is what --since takes. A line {"type":"reset"} says that the
channel has another history now, and what was printed before no longer holds.

Examples:
  $ pressbox follow moon-landing
  $ pressbox follow moon-landing --json | jq .post.headline
  $ pressbox follow moon-landing --json --since "$CURSOR" >> moon.ndjson`,
    )
    .action(async (channelId: string, options: FollowOptions) => done(await followChannel(channelId, options)));

  async function followChannel(channelId: string, options: FollowOptions): Promise<number> {
    const server = serverOf(options, env);
    const { promise: ended, resolve: end } = Promise.withResolvers<Error | undefined>();
    const client = new ReaderClient({
      ...server,
      fetch: async (url, init) => {
        const unanswered = setTimeout(() => hear(notReached(url, init, `no answer within ${silentMs / 1_000} s`)), silentMs);
        try {
          const response = await server.fetch(url, init);
          if (response.status >= 500 || response.headers.has('retry-after')) hear(new NotReached(askedToWait, askedToWait, {}));
          return response;
        } catch (error) {
          if (init.signal?.aborted !== true) hear(error);
          throw error;
        } finally {
          clearTimeout(unanswered);
        }
      },
      channelId,
      limit: options.posts,
      ...(options.since !== undefined && { cursor: options.since, strictCursor: true }),
    });
    const { interrupted } = terminal.streams;
    const { origin, path } = parseServerUrl(options.url);
    const told = { client, terminal, server: plainLine(`${origin}${path}`), revisions: shownRevisions(env, options.url) };
    const shown = options.json ? showJson(told) : showText(told, options.since === undefined);
    let [trouble, wasReached]: [unknown, boolean] = [undefined, false];
    /** The connection is in another state, or a request has come to nothing. */
    const hear = (error?: unknown) => {
      const { state } = client;
      const isReached = 'transport' in state && state.transport !== null;
      wasReached ||= isReached;
      trouble = isReached ? undefined : (error ?? trouble);
      if (state.status === 'ended') end(failureOf(state));
      // No way led to a server, and none will.
      else if (state.status === 'offline' && trouble instanceof WrongAddress && !wasReached) end(trouble);
      else shown(state, trouble);
    };
    client.on('state', () => hear());
    const stop = () => client.close();
    interrupted.addEventListener('abort', stop);
    if (interrupted.aborted) stop();
    else client.open();
    const failure = await ended;
    interrupted.removeEventListener('abort', stop);
    client.close();
    return failure === undefined ? 0 : tellError(failure, terminal, { json: options.json === true });
  }
}

function failureOf({ reason, problem }: ReaderState & { status: 'ended' }): Error | undefined {
  if (reason === 'closed') return undefined;
  return problem === undefined ? new CannotDo(endings[reason]) : new ProblemError(problem);
}

const endings = {
  expired: 'The token has expired.',
  revoked: 'The token was revoked.',
  forbidden: 'The token does not permit to read this any more.',
  gone: 'The channel was deleted.',
  refused: 'The server refuses.',
} as const;

/** After this long without an answer it is said what is waited for, milliseconds. An attempt waits a little longer (`dialMs`). */
const silentMs = 8_000;

const askedToWait = 'The server is there, and asks to come back later.';

/** `trouble`: what came of the last request, while there is no connection. */
type Shown = (state: ReaderState, trouble: unknown) => void;

interface Told {
  client: ReaderClient;
  terminal: Terminal;
  /** Its address. */
  server: string;
  /** Revisions that a person was shown. Output with --json does not count: a program reads it. */
  revisions: ShownRevisions;
}

function showJson({ client, terminal, server }: Told): Shown {
  client.on('event', (event) => terminal.json(event));
  client.on('reset', () => terminal.json({ type: 'reset', channelId: client.channelId }));
  return sayState(terminal, server);
}

function showText({ client, terminal, server, revisions }: Told, fromSnapshot: boolean): Shown {
  const { style } = terminal;
  /** As it was shown: whoever begins after a cursor is told of what changed since, while the client has it as it is now. */
  let channel: Channel | undefined;
  let isShown = !fromSnapshot;
  const timezone = () => client.timeline?.channel.timezone ?? 'UTC';
  const showAll = (timeline: Timeline) => {
    channel = timeline.channel;
    revisions.keep(client.channelId, [{ id: channelItself, revision: channel.revision }, ...timeline.posts]);
    terminal.print(...channelLines(channel, undefined, style));
    for (const post of timeline.posts.toReversed()) terminal.print(...postLines(post, channel.timezone, style));
  };
  client.on('reset', () => {
    terminal.print(style.red('The channel has another history now. What stands above may be wrong; this is how it is:'), '');
    if (client.timeline !== undefined) showAll(client.timeline);
  });
  client.on('timeline', (timeline) => {
    if (!isShown) showAll(timeline);
    isShown = true;
  });
  client.on('event', (event, before) => {
    terminal.print(...eventLines(event, before));
  });
  return sayState(terminal, server, timezone);

  function eventLines(event: Event, before: ReaderPost | undefined): string[] {
    switch (event.type) {
      case 'channel.changed': {
        const lines = channelLines(event.channel, channel, style);
        channel = event.channel;
        revisions.keep(client.channelId, [{ id: channelItself, revision: channel.revision }]);
        return lines;
      }
      case 'post.published':
      case 'post.revised':
      case 'post.retracted':
      case 'post.taken-down': {
        const { post } = event;
        revisions.keep(client.channelId, [post]);
        if (isWithdrawn(post)) return withdrawnLines(post, before, timezone(), style);
        return post.revision === 1 || (before === undefined && event.type === 'post.published')
          ? postLines(post, timezone(), style)
          : correctedLines(post, before, timezone(), style);
      }
      default:
        // A later version sent an event of a type that this one does not know.
        event satisfies never;
        return [];
    }
  }
}

/** Reasons that are said until there is a connection again: whatever stands before a server may have ever new ones. */
const reasonsMost = 10;

/** Says each change of the connection once, and each reason why there is none. */
function sayState(terminal: Terminal, server: string, timezone: () => string = () => 'UTC'): Shown {
  const { style } = terminal;
  let said: 'nothing' | 'not reached' | 'live' | 'offline' = 'nothing';
  let asOf: string | null = null;
  const reasons = new Set<string>();
  return (state, trouble) => {
    if (state.status === 'offline' && said === 'nothing') {
      terminal.note(style.dim(`There is no connection to ${server} yet. Trying again ...`));
      sayReason(trouble);
      terminal.note(style.dim(whereItIs));
      said = 'not reached';
    }
    if (state.status === 'offline' && said === 'live') {
      terminal.note(style.dim(`Offline since ${clock(state.since, timezone())}. Connecting again ...`));
      said = 'offline';
    }
    if (state.status === 'offline') sayReason(trouble);
    if (state.status === 'live' && said !== 'live') {
      terminal.note(style.dim(said === 'offline' ? 'Live again.' : 'Live.'));
      said = 'live';
      reasons.clear();
    }
    if (state.status === 'live' && state.asOf !== asOf) {
      asOf = state.asOf;
      const since = asOf === null ? undefined : clock(asOf, timezone());
      terminal.note(
        style.dim(
          since === undefined ? 'The server has its journal again.' : `The server cannot reach its journal since ${since}.`,
        ),
      );
    }
  };

  function sayReason(trouble: unknown): void {
    const isKnown = trouble instanceof NotReached || trouble instanceof WrongAddress;
    // That a server which was there gives no answer is what "offline" says.
    if (!isKnown || (said === 'offline' && trouble.cause !== undefined) || reasons.has(trouble.why)) return;
    if (reasons.size >= reasonsMost) return;
    reasons.add(trouble.why);
    terminal.note(style.dim(`  ${trouble.message}`));
  }
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 100) throw new InvalidArgumentError('It must be a number from 1 to 100.');
  return value;
}
