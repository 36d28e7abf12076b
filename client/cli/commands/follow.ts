import { type Command, InvalidArgumentError } from 'commander';
import type { Channel, Event, ReaderPost } from '../../../src/protocol/model.ts';
import { isWithdrawn } from '../../../src/protocol/model.ts';
import { ProblemError } from '../../lib/http.ts';
import { parseServerUrl } from '../../lib/platform.ts';
import { ReaderClient } from '../../lib/reader-client.ts';
import type { ReaderState } from '../../lib/reader-types.ts';
import type { Timeline } from '../../lib/timeline/timeline-model.ts';
import { CommandFailed, printError, serverAddressHint } from '../command-errors.ts';
import { channelKey, type DisplayedRevisions, displayedRevisions } from '../displayed-revisions.ts';
import { NotReached, notReachedError, WrongAddress } from '../explaining-fetch.ts';
import { parseChannelId } from '../option-values.ts';
import { changedPostLines, channelLines, clockTime, postLines, withdrawnLines } from '../post-output.ts';
import { addServerOptions, type RequestOptions, serverOf } from '../server-requests.ts';
import type { Env, Terminal } from '../terminal.ts';
import { plainLine } from '../terminal-text.ts';

/** `follow`: a reader in the terminal. Posts and events go to standard output, connection messages to standard error. */
interface FollowOptions extends RequestOptions {
  since?: string;
  posts: number;
}

export function addFollowCommand(program: Command, env: Env, terminal: Terminal, done: (code: number) => void): void {
  addServerOptions(program.command('follow'), env)
    .description('Follow a channel in the terminal')
    .argument('<channel>', 'its id', parseChannelId)
    .option('--since <cursor>', 'start after this cursor and print every later change once')
    .option('--posts <number>', 'number of posts to start with, 1 to 100', parsePostCount, 10)
    .addHelpText(
      'after',
      `
With --json each event is printed as one line of JSON; pass its "cursor" to --since. A line {"type":"reset"} means that the
channel now has another history and that earlier output is void.

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
        const unanswered = setTimeout(
          () => onProgress(notReachedError(url, init, `no answer within ${slowResponseMs / 1_000} s`)),
          slowResponseMs,
        );
        try {
          const response = await server.fetch(url, init);
          if (response.status >= 500 || response.headers.has('retry-after'))
            onProgress(new NotReached(askedToWait, askedToWait, {}));
          return response;
        } catch (error) {
          if (init.signal?.aborted !== true) onProgress(error);
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
    const context = { client, terminal, server: plainLine(`${origin}${path}`), revisions: displayedRevisions(env, options.url) };
    const onState = options.json ? showJson(context) : showText(context, options.since === undefined);
    let [lastError, wasReached]: [unknown, boolean] = [undefined, false];
    /** Called when the state changes or a request fails. */
    const onProgress = (error?: unknown) => {
      const { state } = client;
      const isReached = 'transport' in state && state.transport !== null;
      wasReached ||= isReached;
      lastError = isReached ? undefined : (error ?? lastError);
      if (state.status === 'ended') end(failureOf(state));
      // The address never led to a Pressbox server, so retrying would not help.
      else if (state.status === 'offline' && lastError instanceof WrongAddress && !wasReached) end(lastError);
      else onState(state, lastError);
    };
    client.on('state', () => onProgress());
    const stop = () => client.close();
    interrupted.addEventListener('abort', stop);
    if (interrupted.aborted) stop();
    else client.open();
    const failure = await ended;
    interrupted.removeEventListener('abort', stop);
    client.close();
    return failure === undefined ? 0 : printError(failure, terminal, { json: options.json === true });
  }
}

function failureOf({ reason, problem }: ReaderState & { status: 'ended' }): Error | undefined {
  if (reason === 'closed') return undefined;
  return problem === undefined ? new CommandFailed(endMessages[reason]) : new ProblemError(problem);
}

const endMessages = {
  expired: 'The token has expired.',
  revoked: 'The token was revoked.',
  forbidden: 'The token no longer permits reading this channel.',
  gone: 'The channel was deleted.',
  refused: 'The server refused.',
} as const;

/**
 * The reason is printed after this long without an answer, milliseconds. A dial attempt takes slightly longer (`dialTimeoutMs`).
 */
const slowResponseMs = 8_000;

const askedToWait = 'The server is up and asks to retry later.';

/** `lastError`: the error of the last request, while there is no connection. */
type StateListener = (state: ReaderState, lastError: unknown) => void;

interface FollowContext {
  client: ReaderClient;
  terminal: Terminal;
  /** The server's address. */
  server: string;
  /** Records the displayed revisions. Output with --json does not count, because a program reads it. */
  revisions: DisplayedRevisions;
}

function showJson({ client, terminal, server }: FollowContext): StateListener {
  client.on('event', (event) => terminal.json(event));
  client.on('reset', () => terminal.json({ type: 'reset', channelId: client.channelId }));
  return stateReporter(terminal, server);
}

function showText({ client, terminal, server, revisions }: FollowContext, fromSnapshot: boolean): StateListener {
  const { style } = terminal;
  /** The channel as displayed. With `--since` the client already has the current one, while changes are still printed. */
  let channel: Channel | undefined;
  let isShown = !fromSnapshot;
  const timezone = () => client.timeline?.channel.timezone ?? 'UTC';
  const showAll = (timeline: Timeline) => {
    channel = timeline.channel;
    revisions.record(client.channelId, [{ id: channelKey, revision: channel.revision }, ...timeline.posts]);
    terminal.print(...channelLines(channel, undefined, style));
    for (const post of timeline.posts.toReversed()) terminal.print(...postLines(post, channel.timezone, style));
  };
  client.on('reset', () => {
    terminal.print(style.red('The channel now has another history. The output above may be wrong. Current state:'), '');
    if (client.timeline !== undefined) showAll(client.timeline);
  });
  client.on('timeline', (timeline) => {
    if (!isShown) showAll(timeline);
    isShown = true;
  });
  client.on('event', (event, before) => {
    terminal.print(...eventLines(event, before));
  });
  return stateReporter(terminal, server, timezone);

  function eventLines(event: Event, before: ReaderPost | undefined): string[] {
    switch (event.type) {
      case 'channel.changed': {
        const lines = channelLines(event.channel, channel, style);
        channel = event.channel;
        revisions.record(client.channelId, [{ id: channelKey, revision: channel.revision }]);
        return lines;
      }
      case 'post.published':
      case 'post.revised':
      case 'post.retracted':
      case 'post.taken-down': {
        const { post } = event;
        revisions.record(client.channelId, [post]);
        if (isWithdrawn(post)) return withdrawnLines(post, before, timezone(), style);
        return post.revision === 1 || (before === undefined && event.type === 'post.published')
          ? postLines(post, timezone(), style)
          : changedPostLines(post, before, timezone(), style);
      }
      default:
        // A later server version sent an unknown event type.
        event satisfies never;
        return [];
    }
  }
}

/** Number of different reasons printed until the connection is back. A proxy could produce new reasons without end. */
const maxReasons = 10;

/** Prints each change of the connection once, and each reason for a failure once. */
function stateReporter(terminal: Terminal, server: string, timezone: () => string = () => 'UTC'): StateListener {
  const { style } = terminal;
  let printed: 'nothing' | 'not reached' | 'live' | 'offline' = 'nothing';
  let asOf: string | null = null;
  const reasons = new Set<string>();
  return (state, lastError) => {
    if (state.status === 'offline' && printed === 'nothing') {
      terminal.note(style.dim(`There is no connection to ${server} yet. Trying again ...`));
      printReason(lastError);
      terminal.note(style.dim(serverAddressHint));
      printed = 'not reached';
    }
    if (state.status === 'offline' && printed === 'live') {
      terminal.note(style.dim(`Offline since ${clockTime(state.since, timezone())}. Connecting again ...`));
      printed = 'offline';
    }
    if (state.status === 'offline') printReason(lastError);
    if (state.status === 'live' && printed !== 'live') {
      terminal.note(style.dim(printed === 'offline' ? 'Live again.' : 'Live.'));
      printed = 'live';
      reasons.clear();
    }
    if (state.status === 'live' && state.asOf !== asOf) {
      asOf = state.asOf;
      const since = asOf === null ? undefined : clockTime(asOf, timezone());
      terminal.note(
        style.dim(
          since === undefined
            ? 'The server can reach its journal again.'
            : `The server has not reached its journal since ${since}.`,
        ),
      );
    }
  };

  function printReason(lastError: unknown): void {
    const isKnown = lastError instanceof NotReached || lastError instanceof WrongAddress;
    // "Offline" already says that the server does not answer.
    if (!isKnown || (printed === 'offline' && lastError.cause !== undefined) || reasons.has(lastError.why)) return;
    if (reasons.size >= maxReasons) return;
    reasons.add(lastError.why);
    terminal.note(style.dim(`  ${lastError.message}`));
  }
}

function parsePostCount(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 100) throw new InvalidArgumentError('It must be a number from 1 to 100.');
  return value;
}
