import { type Command, Option } from 'commander';
import { channelPath, onServer } from '../../../src/protocol/addresses.ts';
import {
  accesses,
  type Channel,
  type ChannelOrder,
  channelOrders,
  channelStates,
  type Focus,
  type RevisionKind,
  revisionKinds,
} from '../../../src/protocol/model.ts';
import type { ChannelFields, ChannelPatch, WrittenChannel } from '../../lib/author-client.ts';
import { ProblemError } from '../../lib/http.ts';
import { confirmChannelRevision, confirmErasure } from '../change-confirmation.ts';
import { printError, revisionMovedLine, UsageError } from '../command-errors.ts';
import { channelKey, displayedRevisions } from '../displayed-revisions.ts';
import { collect, parseChannelId, parseFocus, parseRevision, parseSize, type Size } from '../option-values.ts';
import { channelLines } from '../post-output.ts';
import { addServerOptions, addWriteOptions, createAuthor, type RequestOptions } from '../server-requests.ts';
import type { Env, Terminal } from '../terminal.ts';
import { plainLine } from '../terminal-text.ts';

/** `channel create|list|update|end|delete`. */
interface FieldOptions extends RequestOptions {
  headline?: string;
  standfirst?: string;
  section?: string;
  byline?: string[];
  picture?: string;
  pictureAlt?: string;
  pictureCaption?: string;
  pictureCredit?: string;
  pictureSize?: Size;
  pictureFocus?: Focus;
  language?: string;
  timezone?: string;
  access?: ChannelFields['access'];
  page?: string;
  startsAt?: string;
}
interface CreateOptions extends FieldOptions {
  id?: string;
  scheduled?: boolean;
}
interface ListOptions extends RequestOptions {
  state?: Channel['state'];
  order?: ChannelOrder;
}
interface UpdateOptions extends FieldOptions {
  state?: Channel['state'];
  change?: RevisionKind;
  note?: string;
  revision?: number;
}

export function addChannelCommands(program: Command, env: Env, terminal: Terminal, done: (code: number) => void): void {
  const channel = program.command('channel').description('Create, list, change, end and delete channels');

  addFields(addWriteOptions(channel.command('create'), env))
    .description('Create a channel')
    .argument('<headline>')
    .option('--id <id>', 'its id, as in its address; default: made from the headline')
    .option('--scheduled', 'it goes live later')
    .addHelpText(
      'after',
      `
Examples:
  $ pressbox channel create "To the Moon" --section Space --byline "Ruth Calder"
  $ pressbox channel create "To the Moon" --picture https://example.org/eagle.jpg --picture-alt "Eagle over craters"
  $ pressbox channel create "Budget day" --id budget --scheduled --starts-at 2026-03-04T12:30:00Z --timezone Europe/London`,
    )
    .action(async (headline: string, options: CreateOptions) => done(await create(headline, options)));

  addServerOptions(channel.command('list'), env)
    .description('List the channels, newest first')
    .addOption(new Option('--state <state>', 'only those').choices(channelStates))
    .addOption(
      new Option('--order <order>', 'activity: by latest post, planned start or end; needs --state').choices(channelOrders),
    )
    .addHelpText(
      'after',
      `
Examples:
  $ pressbox channel list
  $ pressbox channel list --state live --order activity
  $ pressbox channel list --state live --json`,
    )
    .action(async (options: ListOptions) => done(await list(options)));

  addFields(addWriteOptions(channel.command('update'), env))
    .description('Change a channel')
    .argument('<channel>', 'its id', parseChannelId)
    .option('--headline <text>', 'its headline; needs --change')
    .addOption(new Option('--state <state>', 'scheduled, live or ended').choices(channelStates))
    .addOption(new Option('--change <kind>', 'what kind of change of headline, standfirst or picture').choices(revisionKinds))
    .option('--note <text>', 'what was wrong, for readers')
    .option('--revision <number>', 'the revision that your change is based on; refused if there is a newer one', parseRevision)
    .addHelpText(
      'after',
      `
Pass an empty text to remove a field.

Examples:
  $ pressbox channel update moon-landing --state live
  $ pressbox channel update moon-landing --headline "On the Moon" --change update
  $ pressbox channel update moon-landing --standfirst "Three men." --change correction --note "We wrote two."
  $ pressbox channel update moon-landing --picture ""`,
    )
    .action(async (channelId: string, options: UpdateOptions) => done(await update(channelId, options)));

  addWriteOptions(channel.command('end'), env)
    .description('End the coverage: no new posts, but revisions and withdrawals')
    .argument('<channel>', 'its id', parseChannelId)
    .addHelpText('after', '\nExample:\n  $ pressbox channel end moon-landing')
    .action(async (channelId: string, options: UpdateOptions) => done(await change(channelId, '*', { state: 'ended' }, options)));

  addWriteOptions(channel.command('delete'), env)
    .description('Erase a channel with everything in it; requires admin rights')
    .argument('<channel>', 'its id', parseChannelId)
    .option('--yes', 'yes, erase it')
    .addHelpText('after', '\nExample:\n  $ pressbox channel delete moon-landing --yes')
    .action(async (channelId: string, options: RequestOptions & { yes?: boolean }) => done(await erase(channelId, options)));

  async function create(headline: string, options: CreateOptions): Promise<number> {
    const { client, write } = createAuthor(options, env, terminal);
    return attempt(options, `--key ${write.key}`, async () => {
      const { id, scheduled } = options;
      const state = scheduled ? { state: 'scheduled' as const } : {};
      const written = await client.createChannel(
        { ...(id !== undefined && { id }), ...state, ...fields(options), headline },
        write,
      );
      recordOwnWrite(written.channel, options, 0);
      printWritten(written, options, 'Created');
    });
  }

  async function list(options: ListOptions): Promise<number> {
    const { client, read } = createAuthor(options, env, terminal);
    return attempt(options, undefined, async () => {
      const { style } = terminal;
      let complete = true;
      for (let page: string | null | undefined; page !== null; ) {
        const { state, order } = options;
        const query = { limit: 100, ...(state && { state }), ...(order && { order }), ...(page && { page }) };
        const answer = await client.listChannels(query, read);
        for (const channel of answer.channels) {
          const { id, state, headline, latestPostAt } = channel;
          if (options.json) terminal.json(channel);
          else
            terminal.print(
              `${style.bold(plainLine(id))}  ${plainLine(state)}  ${plainLine(headline)}  ${style.dim(plainLine(latestPostAt ?? 'no posts'))}`,
            );
        }
        page = answer.next;
        complete &&= answer.complete !== false;
      }
      if (!complete) terminal.note('Some channels cannot be read at the moment and may be missing here. Try again later.');
    });
  }

  async function update(channelId: string, options: UpdateOptions): Promise<number> {
    const { client, read } = createAuthor(options, env, terminal);
    return attempt(options, undefined, async () => {
      const patch: ChannelPatch = {
        ...fields(options),
        ...(options.headline !== undefined && { headline: options.headline }),
        ...(options.state && { state: options.state }),
        ...(options.change && { change: { kind: options.change, ...(options.note !== undefined && { note: options.note }) } }),
      };
      if (options.note !== undefined && options.change === undefined) {
        throw new UsageError('--note goes with a change of headline, standfirst or picture, and needs --change.');
      }
      if (Object.keys(patch).length === 0) throw new UsageError('Nothing to change: give at least one field.');
      const changesText = patch.headline !== undefined || patch.standfirst !== undefined;
      if (changesText && options.change === undefined) throw new UsageError('A change of headline or standfirst needs --change.');
      const seen = options.revision ?? (await client.getChannel(channelId, read));
      return change(channelId, await decidedOn(seen, changesText, options), patch, options);
    });
  }

  /** Only changes of the headline and standfirst depend on a revision. For all other fields the last write wins. */
  async function decidedOn(seen: Channel | number, changesText: boolean, { url, json = false }: UpdateOptions): Promise<number> {
    if (typeof seen === 'number') return seen;
    if (!changesText) return seen.revision;
    const check = { channelId: seen.id, givenRevision: undefined, displayed: displayedRevisions(env, url), json };
    return confirmChannelRevision(seen, check, terminal);
  }

  async function change(channelId: string, decided: number | '*', patch: ChannelPatch, options: UpdateOptions): Promise<number> {
    const { client, write } = createAuthor(options, env, terminal);
    const again = `${decided === '*' ? '' : `--revision ${decided} `}--key ${write.key}`;
    return attempt(options, again, async () => {
      const written = await client.updateChannel(channelId, decided, patch, write);
      const changesText = patch.headline !== undefined || patch.standfirst !== undefined;
      recordOwnWrite(written.channel, options, changesText && decided !== '*' ? decided : undefined);
      printWritten(written, options, patch.state === 'ended' ? 'Ended' : 'Changed');
    });
  }

  async function erase(channelId: string, options: RequestOptions & { yes?: boolean }): Promise<number> {
    const { client, write } = createAuthor(options, env, terminal);
    return attempt(options, `--key ${write.key}`, async () => {
      await confirmErasure(`This erases the channel ${channelId} for good.`, options.yes, terminal);
      const erasure = await client.deleteChannel(channelId, write);
      if (options.json) return terminal.json(erasure);
      terminal.print(erasure.complete ? `Erased ${channelId}.` : `Deleted ${channelId}; the server goes on erasing it.`);
    });
  }

  async function attempt(options: RequestOptions, again: string | undefined, action: () => Promise<unknown>): Promise<number> {
    try {
      const code = await action();
      return typeof code === 'number' ? code : 0;
    } catch (error) {
      if (!options.json && isMoved(error)) return printRevisionMoved(error.problem.current, options);
      return printError(error, terminal, { json: options.json === true, retryWith: again, hasBegun: options.key !== undefined });
    }
  }

  /** Prints the channel as someone else changed it. */
  function printRevisionMoved(current: Channel, options: RequestOptions): number {
    terminal.note('pressbox: Someone else changed it first.', '', ...channelLines(current, undefined, terminal.style));
    terminal.note(revisionMovedLine(current.revision));
    displayedRevisions(env, options.url).record(current.id, [{ id: channelKey, revision: current.revision }]);
    return 1;
  }

  function recordOwnWrite({ id, revision }: Channel, { url }: RequestOptions, before?: number): void {
    displayedRevisions(env, url).recordWrite(id, { id: channelKey, revision }, before);
  }

  function printWritten({ channel, ...written }: WrittenChannel, options: RequestOptions, verb: string): void {
    if (options.json) return terminal.json({ channel, ...written });
    terminal.print(`${verb} ${terminal.style.bold(plainLine(channel.id))} ${plainLine(channel.headline)}`);
    terminal.print(terminal.style.dim(plainLine(onServer(channelPath(channel.id), options.url))));
  }
}

function addFields(command: Command): Command {
  return command
    .option('--standfirst <text>', 'the paragraph under the headline')
    .option('--section <text>', 'its section')
    .option('--byline <name>', 'who writes; may be repeated', collect)
    .option('--picture <url>', 'the picture of the coverage, in place of the one before; needs --picture-alt')
    .option('--picture-alt <text>', 'what the picture shows')
    .option('--picture-caption <text>', 'the line below the picture')
    .option('--picture-credit <name>', 'who made the picture')
    .option('--picture-size <width>x<height>', 'its size in pixels, so that pages reserve its space', parseSize)
    .option('--picture-focus <x,y>', 'the point that stays in view where pages crop it, such as 0.3,0.2', parseFocus)
    .option('--language <tag>', 'BCP 47 tag such as en or de-AT')
    .option('--timezone <name>', 'time zone of displayed times, such as Europe/Berlin')
    .addOption(new Option('--access <who>', 'who may read').choices(accesses))
    .option('--page <url>', "the newsroom's page that embeds it")
    .option('--starts-at <time>', 'when it begins, such as 2026-11-24T12:00:00Z');
}

function isMoved(error: unknown): error is ProblemError & { problem: { current: Channel } } {
  return error instanceof ProblemError && error.problem.code === 'revision-moved' && error.problem.current !== undefined;
}

/** An empty text removes a field. */
function fields(options: FieldOptions): Partial<ChannelFields> {
  const { standfirst, section, byline, language, timezone, access, page, startsAt } = options;
  return {
    ...(standfirst !== undefined && { standfirst: standfirst || null }),
    ...(section !== undefined && { section: section || null }),
    ...pictureFrom(options),
    ...(byline && { byline: byline.filter((name) => name !== '').map((name) => ({ name })) }),
    ...(language !== undefined && { language }),
    ...(timezone !== undefined && { timezone }),
    ...(access && { access }),
    ...(page !== undefined && { url: page || null }),
    ...(startsAt !== undefined && { startsAt: startsAt || null }),
  };
}

/** An empty address removes the picture. */
function pictureFrom(options: FieldOptions): Partial<Pick<ChannelFields, 'picture'>> {
  const {
    picture: url,
    pictureAlt: alt,
    pictureCaption: caption,
    pictureCredit: credit,
    pictureSize: size,
    pictureFocus: focus,
  } = options;
  if (url === undefined) {
    const describesPicture = [alt, caption, credit, size, focus].some((given) => given !== undefined);
    if (describesPicture) throw new UsageError('A description, credit, size or focus of a picture needs --picture.');
    return {};
  }
  if (url === '') return { picture: null };
  if (alt === undefined) throw new UsageError('--picture needs a --picture-alt that says what it shows.');
  return { picture: { url, alt, ...(caption && { caption }), ...(credit && { credit }), ...size, ...(focus && { focus }) } };
}
