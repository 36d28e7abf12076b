import { type Command, Option } from 'commander';
import { onServer, postPath } from '../../../src/protocol/addresses.ts';
import { type PostFields, postKinds, revisionKinds } from '../../../src/protocol/model.ts';
import type { AuthorClient, RevisedPost, SeenPost, WrittenPost } from '../../lib/author-client.ts';
import { ProblemError } from '../../lib/http.ts';
import { newPostId } from '../../lib/ids.ts';
import { confirmErasure, confirmPostRevision, printRevisionMoved } from '../change-confirmation.ts';
import { printError, UsageError } from '../command-errors.ts';
import { channelKey, displayedRevisions } from '../displayed-revisions.ts';
import { displayTitle, findPost, shortId } from '../find-post.ts';
import { collect, parseChannelId, parseRevision, readStandardInput } from '../option-values.ts';
import { addPostFields, fieldsFrom, type PostOptions } from '../post-options.ts';
import { addWriteOptions, createAuthor, type RequestOptions } from '../server-requests.ts';
import type { Env, Terminal } from '../terminal.ts';
import { plainLine } from '../terminal-text.ts';

/** `post`, `correct`, `retract`, `takedown`, `pin`: changes of posts. Each action returns its exit code. */

export function addPostCommands(program: Command, env: Env, terminal: Terminal, done: (code: number) => void): void {
  addPostFields(addWriteOptions(program.command('post'), env))
    .description('Publish a post')
    .argument('<channel>', 'its id', parseChannelId)
    .argument('[text...]', 'the body, in Markdown; - reads it from the standard input')
    .addOption(new Option('--kind <kind>', 'what kind of post').choices(postKinds))
    .option('--derived-from <post>', 'an id of a post that this one restates; may be repeated', collect)
    .option('--id <uuid>', 'its id (UUIDv7)')
    .addHelpText('after', examples.post)
    .action(async (channelId: string, text: string[], options: PostOptions) => done(await post(channelId, text, options)));

  addPostFields(addWriteOptions(program.command('correct'), env))
    .description('Revise a post, telling readers what kind of change it is')
    .argument('<channel>', 'its id', parseChannelId)
    .argument('<post>', 'latest (yours), an id, or the end of one')
    .argument('[text...]', 'the new body; - reads it from the standard input')
    .option('--body <text>', 'the new body; - reads it from the standard input')
    .option('--note <text>', 'what was wrong or unclear, for readers; required with a correction or clarification')
    .addOption(new Option('--kind <kind>', 'what kind of change').choices(revisionKinds).default('correction'))
    .addOption(new Option('--as <kind>', 'make it another kind of post').choices(postKinds))
    .option('--no-key-event', 'it is no longer a key event')
    .option('--no-developing', 'there is no more to follow')
    .option('--revision <number>', revisionHelp, parseRevision)
    .option('--erase-earlier', 'erase the text of the earlier revisions (for editors)')
    .option(
      '--erase-note <number...>',
      'with --erase-earlier: erase the note of this correction or clarification too',
      collectRevisions,
    )
    .addHelpText('after', examples.correct)
    .action(async (channelId: string, name: string, text: string[], options: CorrectOptions) => {
      done(await correct(channelId, name, text, options));
    });

  addWriteOptions(program.command('retract'), env)
    .description('Withdraw a post from readers, with a note; authors still see it')
    .argument('<channel>', 'its id', parseChannelId)
    .argument('<post>', 'latest (yours), an id, or the end of one')
    .requiredOption('--note <text>', 'why, for readers')
    .option('--revision <number>', revisionHelp, parseRevision)
    .addHelpText('after', examples.retract)
    .action(async (channelId: string, name: string, options: RetractOptions) => done(await retract(channelId, name, options)));

  addWriteOptions(program.command('takedown'), env)
    .description('Withdraw a post and erase its text everywhere')
    .argument('<channel>', 'its id', parseChannelId)
    .argument('<post>', 'latest (yours), an id, or the end of one')
    .option('--note <text>', 'for readers')
    .option('--yes', 'yes, erase it')
    .addHelpText('after', examples.takedown)
    .action(async (channelId: string, name: string, options: TakedownOptions) => done(await takedown(channelId, name, options)));

  addWriteOptions(program.command('pin'), env)
    .description('Pin a post above the others, in place of the one that is pinned')
    .argument('<channel>', 'its id', parseChannelId)
    .argument('[post]', 'latest (yours), an id, or the end of one')
    .option('--none', 'pin nothing')
    .addHelpText('after', examples.pin)
    .action(async (channelId: string, name: string | undefined, options: RequestOptions & { none?: boolean }) => {
      done(await pin(channelId, name, options));
    });

  // ---- Actions

  async function post(channelId: string, text: string[], options: PostOptions): Promise<number> {
    const id = options.id ?? newPostId();
    const { client, write } = createAuthor(options, env, terminal);
    return attempt(options, { with: `--id ${id} --key ${write.key}` }, async () => {
      const fields = fieldsFrom(options, await bodyFrom(text, undefined));
      if (fields.body === undefined && fields.headline === undefined && fields.media === undefined) {
        throw new UsageError(
          `Nothing to post: give a text, --headline or a picture.\n  pressbox post ${channelId} "The polls have closed."`,
        );
      }
      const written = await client.publish(channelId, { id, ...fields }, write);
      displayedRevisions(env, options.url).recordWrite(channelId, written.post, 0);
      printWritten(written, options, 'Published');
    });
  }

  async function correct(channelId: string, name: string, text: string[], options: CorrectOptions): Promise<number> {
    const { client, write, read } = createAuthor(options, env, terminal);
    const decided = revisionDecision(channelId, options, client, read);
    return attempt(
      options,
      decided.again,
      async () => {
        const body = await bodyFrom(text, options.body);
        const { as: kindOfPost, ...others } = options;
        const changes = fieldsFrom({ ...others, kind: kindOfPost }, body);
        if (Object.keys(changes).length === 0 && options.eraseEarlier !== true) {
          throw new UsageError('Nothing to change: give a text, --headline or another field.');
        }
        const needsNote = options.kind === 'correction' || options.kind === 'clarification';
        if (needsNote && options.note === undefined) throw new UsageError(`A ${options.kind} needs --note, for readers.`);
        const seen = await findPost(client, channelId, name, read);
        const isInputTaken = options.body === '-' || text.join(' ') === '-';
        const revision = await decided.on(seen, { isInputTaken, key: write.key });
        const { kind, note = null, eraseEarlier, eraseNote: eraseNotes } = options;
        if (eraseNotes !== undefined && !eraseEarlier) throw new UsageError('--erase-note needs --erase-earlier.');
        const change = { kind, note, changes, ...(eraseEarlier && { eraseEarlier }), ...(eraseNotes && { eraseNotes }) };
        const revised = await client.revise(channelId, seen.id, revision, change, write);
        displayedRevisions(env, options.url).recordWrite(channelId, revised.post, revision);
        printWritten(revised, options, changed[kind]);
        printDerived(revised, options);
        printErasure(revised, options, 'The earlier text');
      },
      decided.tellMoved,
    );
  }

  async function retract(channelId: string, name: string, options: RetractOptions): Promise<number> {
    const { client, write, read } = createAuthor(options, env, terminal);
    const decided = revisionDecision(channelId, options, client, read);
    return attempt(
      options,
      decided.again,
      async () => {
        const seen = await findPost(client, channelId, name, read);
        const revision = await decided.on(seen, { key: write.key });
        const revised = await client.retract(channelId, seen.id, { note: options.note ?? '', revision }, write);
        printWritten(revised, options, withdrawn.retracted);
        printDerived(revised, options);
      },
      decided.tellMoved,
    );
  }

  async function takedown(channelId: string, name: string, options: TakedownOptions): Promise<number> {
    const { client, write, read } = createAuthor(options, env, terminal);
    const again: RetryHint = {};
    return attempt(options, again, async () => {
      const seen = await findPost(client, channelId, name, read);
      const what = `${shortId(seen.id)} ${displayTitle(seen)}`.trim();
      await confirmErasure(`This erases every revision of ${what} for good.`, options.yes, terminal);
      again.with = `--key ${write.key}, and ${seen.id} as the post`;
      const { note } = options;
      const revised = await client.takedown(channelId, seen.id, note === undefined ? {} : { note }, write);
      printWritten(revised, options, withdrawn['taken-down']);
      printDerived(revised, options);
      printErasure(revised, options, 'Its text');
    });
  }

  async function pin(channelId: string, name: string | undefined, options: RequestOptions & { none?: boolean }): Promise<number> {
    const { client, write, read } = createAuthor(options, env, terminal);
    const again: RetryHint = {};
    return attempt(options, again, async () => {
      if ((name === undefined) !== (options.none === true)) throw new UsageError('Name the post to pin, or give --none.');
      const seen = name === undefined ? undefined : await findPost(client, channelId, name, read);
      const { pinnedPostId: pinned } = await client.getChannel(channelId, read);
      again.with = `--key ${write.key}${seen === undefined ? '' : `, and ${seen.id} as the post`}`;
      const written = seen ? await client.pin(channelId, seen.id, write) : await client.unpin(channelId, write);
      displayedRevisions(env, options.url).recordWrite(channelId, { id: channelKey, revision: written.channel.revision });
      if (options.json) return terminal.json(written);
      terminal.print(seen ? `Pinned ${shortId(seen.id)} ${displayTitle(seen)}` : `Nothing is pinned in ${channelId}.`);
      if (pinned !== null && pinned !== seen?.id) terminal.print(`Before, ${shortId(pinned)} was pinned.`);
    });
  }

  // ---- Shared helpers

  /**
   * Decides which revision a change is based on, which options continue the command after a failure, and what to print if
   * somebody else changed the post.
   */
  function revisionDecision(
    channelId: string,
    options: RequestOptions & { revision?: number },
    client: AuthorClient,
    read: Parameters<typeof findPost>[3],
  ) {
    const again: RetryHint = {};
    const displayed = displayedRevisions(env, options.url);
    let before = async (): Promise<SeenPost | undefined> => undefined;
    return {
      again,
      async on(seen: SeenPost, { key, isInputTaken = false }: { key: string; isInputTaken?: boolean }): Promise<number> {
        const check = { channelId, givenRevision: options.revision, displayed, json: options.json === true, isInputTaken };
        const decided = await confirmPostRevision(seen, check, terminal);
        again.with = `--revision ${decided} --key ${key}, and ${seen.id} as the post`;
        before = async () => {
          if (seen.revision === decided) return seen;
          const { revisions } = await client.listRevisions(channelId, seen.id, { after: decided - 1, limit: 1 }, read);
          return revisions.find((earlier) => earlier.revision === decided);
        };
        return decided;
      },
      tellMoved: (problem: ProblemError) => printRevisionMoved(problem, { channelId, displayed }, () => before(), terminal),
    };
  }

  async function attempt(
    options: RequestOptions,
    again: RetryHint,
    action: () => Promise<void>,
    onProblem: (error: ProblemError) => Promise<boolean> = async () => false,
  ): Promise<number> {
    try {
      await action();
      return 0;
    } catch (error) {
      if (error instanceof ProblemError && !options.json && (await onProblem(error))) return 1;
      return printError(error, terminal, {
        json: options.json === true,
        retryWith: again.with,
        hasBegun: options.key !== undefined,
      });
    }
  }

  async function bodyFrom(words: string[], option: string | undefined): Promise<string | undefined> {
    if (words.length > 0 && option !== undefined) throw new UsageError('Give the body once: as text or with --body.');
    const text = option ?? (words.length > 0 ? words.join(' ') : undefined);
    return text === '-' ? readStandardInput(terminal) : text;
  }

  function printWritten(written: WrittenPost, options: RequestOptions, verb: string): void {
    if (options.json) return terminal.json(written);
    const { id, channelId, status } = written.post;
    const title = displayTitle(written.post);
    terminal.print(`${verb} ${shortId(id)}${title === '' ? '' : ` ${terminal.style.bold(title)}`}`);
    terminal.print(terminal.style.dim(plainLine(onServer(postPath(channelId, id), options.url))));
    // The answer to a repeated command has the current post, which may have been withdrawn since.
    if (status !== 'published' && verb !== withdrawn[status])
      terminal.print(`It was ${plainLine(withdrawn[status] ?? status).toLowerCase()} since.`);
  }

  function printDerived({ derived }: RevisedPost, options: RequestOptions): void {
    if (options.json || derived.length === 0) return;
    terminal.print('These restate it, and may need a change too:');
    for (const { id, kind, headline } of derived)
      terminal.print(`  ${shortId(id)} (${plainLine(kind)}) ${plainLine(headline ?? '')}`);
  }

  function printErasure({ erasure }: RevisedPost, options: RequestOptions, text: string): void {
    if (options.json || erasure === undefined) return;
    if (erasure.complete) terminal.print(`${text} is erased.`);
    else terminal.print('Readers no longer have it. The server is still erasing:');
    for (const { where, why } of erasure.pending) terminal.print(`  ${plainLine(where)}: ${plainLine(why)}`);
  }
}

interface CorrectOptions extends Omit<PostOptions, 'kind'> {
  kind: (typeof revisionKinds)[number];
  body?: string;
  note?: string;
  as?: PostFields['kind'];
  revision?: number;
  eraseEarlier?: boolean;
  eraseNote?: number[];
}
/** Collects the revisions of an option that may be repeated. */
function collectRevisions(text: string, before: number[] = []): number[] {
  return [...before, parseRevision(text)];
}

/** The options to continue the write. Unset until the write has begun. */
interface RetryHint {
  with?: string;
}
interface RetractOptions extends RequestOptions {
  note?: string;
  revision?: number;
}
interface TakedownOptions extends RequestOptions {
  note?: string;
  yes?: boolean;
}

const revisionHelp =
  'the revision that your change is based on; refused if there is a newer one (default: the one last shown here)';

const changed = { refile: 'Refiled', update: 'Updated', clarification: 'Clarified', correction: 'Corrected' } as const;
const withdrawn = { retracted: 'Retracted', 'taken-down': 'Taken down' } as const;

const examples = {
  post: `
Examples:
  $ pressbox post moon-landing "Eagle is on its way down."
  $ pressbox post moon-landing --headline "Touchdown" --key-event "**The Eagle has landed.**"
  $ pressbox post moon-landing --unverified --developing --source "Mission Control" "Reports of an alarm."
  $ pressbox post moon-landing --image https://example.org/eagle.jpg --alt "Eagle over craters" "First picture."
  $ pressbox post moon-landing - < report.md`,
  correct: `
Without --revision the change is based on the revision that \`post\`, \`correct\` or \`follow\` last showed on this machine. It is refused
if a colleague has changed the post since. A post that was not shown here yet is shown first: confirm the change in the terminal, or
give --revision.

Examples:
  $ pressbox correct moon-landing latest --note "The crew is three, not two." "Three are on board."
  $ pressbox correct moon-landing 3fa9c1 --kind update --verification verified --no-developing
  $ pressbox correct moon-landing 3fa9c1 --kind refile --headline "Touchdown at 20:17"
  $ pressbox correct moon-landing latest --note "A name was published by mistake." --erase-earlier --body - < report.md`,
  retract: `
Example:
  $ pressbox retract moon-landing 3fa9c1 --note "The report could not be confirmed."`,
  takedown: `
Example:
  $ pressbox takedown moon-landing 3fa9c1 --note "Removed for legal reasons." --yes`,
  pin: `
Examples:
  $ pressbox pin moon-landing latest
  $ pressbox pin moon-landing --none`,
};
