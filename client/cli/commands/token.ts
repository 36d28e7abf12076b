import { type Command, InvalidArgumentError, Option } from 'commander';
import { onServer, signInLinkPath } from '../../../src/protocol/addresses.ts';
import { Refusal } from '../../../src/protocol/problems.ts';
import type { Grants, Principal } from '../../../src/protocol/rights.ts';
import { isVisible } from '../../../src/protocol/visible-text.ts';
import { limits } from '../../../src/protocol/wire-limits.ts';
import { newKey } from '../../lib/ids.ts';
import { CommandFailed, printError, UsageError } from '../command-errors.ts';
import { collect, parseDuration, parseWebAddress, readClaims, readStandardInput } from '../option-values.ts';
import { addWriteOptions, createAuthor, type RequestOptions, validUrl } from '../server-requests.ts';
import type { Env, Terminal } from '../terminal.ts';
import { plainLine } from '../terminal-text.ts';
import { warnOfVisibleSecret } from '../token-options.ts';
import { envWithOptions, runLocally, type ServerLocation } from './serve.ts';

/** `token` signs a token with the server's secret, `token inspect` works offline, `token revoke` sends a request to a server. */
interface MakeOptions extends ServerLocation {
  name?: string;
  sub?: string;
  reader?: string[];
  author?: string[];
  editor?: string[];
  admin?: boolean;
  /** Seconds. Default: `defaultTtlSeconds`, with `link` as long as a session can last. */
  ttl?: number;
  /** How long the link can be used, seconds. Undefined: print a token. */
  link?: number;
  publicUrl?: string;
}

const visibleArgument =
  'Other users of the machine see the arguments of a command, and the shell keeps them, so pass a token on standard input.';

const defaultTtlSeconds = 8 * 3_600;

export function addTokenCommands(program: Command, env: Env, terminal: Terminal, done: (code: number) => void): void {
  const token = program
    .command('token')
    .description('Print a token, signed with the secret of the environment or the data directory')
    .option('--name <name>', 'the owner, shown as the byline; required')
    .option('--sub <id>', 'the id of the owner, the same in all their tokens; default: the name')
    .option('--reader <channel>', 'may read: an id, a prefix ending in *, or *; may be repeated', patterns)
    .option('--author <channel>', 'may write; may be repeated', patterns)
    .option('--editor <channel>', 'may change everything there; may be repeated', patterns)
    .option('--admin', 'may do everything')
    .addOption(
      new Option(
        '--ttl <time>',
        `how long it is valid: 30m, 8h, 7d; with --link, how long the session lasts (${limits.sessionHours}h)`,
      )
        .argParser(parseDuration)
        .default(defaultTtlSeconds, '8h'),
    )
    .addOption(
      new Option('--link [time]', 'print an address that signs in one browser, once; how long it can be used')
        .argParser(parseDuration)
        .preset('15m'),
    )
    .option(
      '--public-url <address>',
      'with --link, the address of the server (PRESSBOX_PUBLIC_URL, PRESSBOX_URL)',
      parseWebAddress,
    )
    .option('--data-dir <path>', 'where the secret is kept (PRESSBOX_DATA_DIR)')
    .addHelpText(
      'after',
      `
Standard output gets only the token, or with --link the address. Its id, for revoking it, goes to standard error.

Examples:
  $ export PRESSBOX_TOKEN=$(pressbox token --name "Ruth Calder" --editor moon-landing)
  $ pressbox token --name "Sports desk" --author "sport-*" --ttl 12h
  $ pressbox token --name "Ruth Calder" --editor moon-landing --link --public-url https://live.example.org
  $ pressbox token inspect
  $ pressbox token revoke 4f9d0c1e-7a64-4d5e-9a0b-2f6f3f1f7c11`,
    )
    .action(async ({ ttl, ...options }: MakeOptions, command: Command) => {
      const isGiven = command.getOptionValueSource('ttl') !== 'default';
      done(await runLocally(terminal, () => make({ ...options, ...(isGiven && ttl !== undefined && { ttl }) })));
    });

  token
    .command('inspect')
    .description('Show what is in a token: its id, owner, rights and expiry. The signature is not checked')
    .argument('[token]', '- reads it from standard input; default: PRESSBOX_TOKEN, else standard input if it is no terminal')
    .option('--json', 'print JSON')
    .addHelpText('after', `\n${visibleArgument}`)
    .action(async (given: string | undefined, options: { json?: boolean }) => done(await inspect(given, options)));

  addWriteOptions(token.command('revoke'), env)
    .description('Revoke a token on every server, and end its sessions. Requires an admin token')
    .argument(
      '[jti]',
      'its id; - reads the id or the whole token from standard input, as without an argument if it is no terminal',
    )
    .option('--expires-at <time>', 'when it would have expired; without it the servers remember it forever')
    .addHelpText(
      'after',
      `
${visibleArgument} Of a whole token only its id and its expiry are sent.

Without an admin token, make one with the server's secret. If no server is running, change the secret: that revokes
every token signed with it.

Examples:
  $ pressbox token revoke < lost-token.txt
  $ pressbox token revoke 4f9d0c1e-7a64-4d5e-9a0b-2f6f3f1f7c11
  $ export PRESSBOX_TOKEN=$(pressbox token --name Operator --admin --ttl 5m)
  $ pressbox token revoke 4f9d0c1e-7a64-4d5e-9a0b-2f6f3f1f7c11 --expires-at 2026-12-24T18:00:00Z`,
    )
    .action(async (given: string | undefined, options: RevokeOptions) => done(await revoke(given, options)));

  async function make(options: MakeOptions): Promise<number> {
    const { name, reader = [], author = [], editor = [], admin = false } = options;
    if (name === undefined) throw new UsageError("required option '--name <name>' not specified: whose token it is.");
    if (!isVisible(name)) throw new UsageError('--name says whose token it is, so it must not be empty.');
    const { sub = name, ttl, link } = options;
    if (link === undefined && options.publicUrl !== undefined)
      throw new UsageError('--public-url is only for --link: a token has no address.');
    if (link !== undefined) assertLinkFits(link, ttl);
    const what = link === undefined ? 'token' : 'link';
    const grants = { reader, author, editor, admin };
    await assertServerAccepts({ name, sub, grants });
    const { readConfig } = await import('../../../src/config.ts');
    const { secretsFor } = await import('../../../src/access/secret.ts');
    const { signLinkCode } = await import('../../../src/access/sign-in-links.ts');
    const { signToken } = await import('../../../src/access/tokens.ts');
    const { tokenLimits } = await import('../../../src/access/token-limits.ts');
    const [secret] =
      (await secretsFor(readConfig(envWithOptions(env, options)), (path) => {
        terminal.note(
          `There was no secret yet, so one was created: ${path}`,
          `Only a server with this data directory accepts the ${what}.`,
        );
      })) ?? [];
    if (secret === undefined) {
      throw new CommandFailed(
        link === undefined
          ? 'This server accepts only tokens of another issuer (PRESSBOX_JWKS_URL), so none can be made here.'
          : 'This server accepts only tokens of another issuer (PRESSBOX_JWKS_URL), so no sign-in link can be made here. Authors sign in with a token of that issuer.',
      );
    }
    if (reader.length + author.length + editor.length === 0 && !admin) {
      terminal.note(
        `The ${what} permits no more than anonymous access: add rights with --reader, --author, --editor or --admin.`,
      );
    }
    const jti = newKey();
    const content = { sub, name, grants, now: Date.now(), jti };
    if (link !== undefined) {
      const sessionSeconds = ttl ?? limits.sessionHours * 3_600;
      const code = await signLinkCode(secret, { ...content, usableSeconds: link, sessionSeconds });
      await assertSessionFits(secret, { ...content, expiresAt: content.now + sessionSeconds * 1_000 });
      terminal.print(onServer(signInLinkPath(code), await linkBase(options.publicUrl)));
      const until = new Date(content.now + link * 1_000).toISOString();
      terminal.note(`It signs in one browser, until ${until}. Its id, for \`pressbox token revoke\`: ${jti}`);
      return 0;
    }
    const token = await signToken(secret, { ...content, ttlSeconds: ttl ?? defaultTtlSeconds });
    if (token.length > tokenLimits.tokenCharacters) {
      throw new UsageError(
        '--reader, --author and --editor name more channels than a token can hold. A prefix ending in * is shorter.',
      );
    }
    terminal.print(token);
    terminal.note(`Its id, for \`pressbox token revoke\`: ${jti}`);
    return 0;
  }

  /** The address of the server, with its base path. */
  async function linkBase(given: string | undefined): Promise<string> {
    const address = given ?? (env.PRESSBOX_PUBLIC_URL ? undefined : env.PRESSBOX_URL);
    if (address) {
      const { origin, pathname } = new URL(validUrl(address));
      return origin + pathname;
    }
    const { readPublicUrl } = await import('../../../src/config.ts');
    return readPublicUrl(env);
  }

  async function inspect(given: string | undefined, { json }: { json?: boolean }): Promise<number> {
    try {
      const token =
        given === undefined && env.PRESSBOX_TOKEN ? env.PRESSBOX_TOKEN : codeIn(await readArgument(given ?? whatIsPiped(), json));
      if (token === '') throw new UsageError('A token is needed, on standard input or in PRESSBOX_TOKEN.');
      const claims = readClaims(token);
      if (claims === undefined) {
        throw new UsageError(
          `${given !== undefined ? 'The argument' : env.PRESSBOX_TOKEN ? 'PRESSBOX_TOKEN' : 'The standard input'} is not a complete token.`,
        );
      }
      const { jti, sub, name, iat, exp, sessionSeconds, pressbox } = claims;
      const times = { issuedAt: timeOf(iat), expiresAt: timeOf(exp), ...(sessionSeconds !== undefined && { sessionSeconds }) };
      const facts = { jti, sub, name: name ?? sub, ...times, rights: pressbox ?? {} };
      if (json) terminal.json(facts);
      else {
        const expiresAt = Number(exp) * 1_000 <= Date.now() ? `${facts.expiresAt}, expired` : facts.expiresAt;
        terminal.print(...Object.entries({ ...facts, expiresAt }).map(([label, value]) => line(label, value)));
      }
      return 0;
    } catch (error) {
      return printError(error, terminal, { json: json === true });
    }
  }

  async function revoke(given: string | undefined, options: RevokeOptions): Promise<number> {
    try {
      const revoked = codeIn(await readArgument(given ?? whatIsPiped(), options.json));
      if (revoked === '') throw new UsageError('The id of a token is needed, as an argument, or a token on standard input.');
      const claims = readClaims(revoked);
      const jti = claims === undefined ? revoked : claims.jti;
      if (typeof jti !== 'string') throw new UsageError('This token has no id, so it is not a Pressbox token.');
      const expiresAt = options.expiresAt ?? (claims && endOf(claims));
      const { client, write } = createAuthor(options, env, terminal);
      const until = await client.revokeToken({ jti, ...(expiresAt !== undefined && { expiresAt }) }, write);
      if (options.json) terminal.json(until);
      else terminal.print(`Revoked ${plainLine(until.jti)}. Its sessions end within 5 seconds on every server.`);
      return 0;
    } catch (error) {
      return printError(error, terminal, { json: options.json === true, hasBegun: options.key !== undefined });
    }
  }

  /** What no argument stands for: standard input, unless somebody would have to type it. */
  function whatIsPiped(): string {
    return terminal.streams.stdin.isTTY === true ? '' : '-';
  }

  /** Returns the argument, or reads standard input for `-`. */
  async function readArgument(given: string, json: boolean | undefined): Promise<string> {
    if (given === '-') return (await readStandardInput(terminal)).trim();
    if (readClaims(codeIn(given)) !== undefined)
      warnOfVisibleSecret('the argument', 'Use - to read a token from standard input.', terminal, json === true);
    return given;
  }

  function line(label: string, value: unknown): string {
    return `${terminal.style.dim(label.padEnd(10))} ${plainLine(typeof value === 'string' ? value : (JSON.stringify(value) ?? '-'))}`;
  }
}

/** The token in the argument, or the code in the address of a link. */
function codeIn(given: string): string {
  return given.slice(given.indexOf('#') + 1);
}

/** When the token ends, or the session that a link opens at the last moment. */
function endOf({ exp, sessionSeconds = 0 }: Record<string, unknown>): string | undefined {
  return typeof exp === 'number' && typeof sessionSeconds === 'number' ? timeOf(exp + sessionSeconds) : undefined;
}

function assertLinkFits(link: number, ttl: number | undefined): void {
  const { signInLinkHours, sessionHours } = limits;
  if (link > signInLinkHours * 3_600) throw new UsageError(`--link: a link can be used for ${signInLinkHours} hours at most.`);
  if (ttl !== undefined && ttl > sessionHours * 3_600) {
    throw new UsageError(`--ttl: with --link, it is how long the session lasts, which is ${sessionHours} hours at most.`);
  }
}

/** Refuses rights that do not fit into the cookie of the session. */
async function assertSessionFits(secret: Uint8Array, who: Principal & { now: number }): Promise<void> {
  const { createSessions } = await import('../../../src/access/sessions.ts');
  const { createTokens } = await import('../../../src/access/tokens.ts');
  const now = () => who.now;
  const secrets = [secret] as const;
  const sessions = createSessions({ tokens: createTokens({ secrets, now }), secrets, storedKey: async () => secret, now });
  try {
    await sessions.seal(who);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new UsageError(
      '--reader, --author and --editor name more channels than a session can hold. A prefix ending in * is shorter.',
    );
  }
}

/** Refuses to sign a token that no server would accept. */
async function assertServerAccepts({ grants, ...whose }: { name: string; sub: string; grants: Grants }): Promise<void> {
  const { claimsSchema, parse } = await import('../../../src/protocol/schemas.ts');
  try {
    parse(claimsSchema.pick({ name: true, sub: true, pressbox: true }), { ...whose, pressbox: grants });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // Without --sub, the name is used for it.
    const faults = (error.problem.errors ?? []).filter(({ path }) => path !== 'sub' || whose.sub !== whose.name);
    throw new UsageError(faults.map(({ path, message }) => `--${path.replace('pressbox.', '')}: ${message}`).join('\n'));
  }
}

interface RevokeOptions extends RequestOptions {
  expiresAt?: string;
}

/** A time of a token, in seconds since 1970, as RFC 3339. Undefined if it cannot be represented. */
function timeOf(seconds: unknown): string | undefined {
  const time = new Date(typeof seconds === 'number' ? Math.ceil(seconds) * 1_000 : Number.NaN);
  const isWritten = time.getUTCFullYear() >= 0 && time.getUTCFullYear() <= 9_999;
  return isWritten ? time.toISOString() : undefined;
}

function patterns(value: string, before: string[] = []): string[] {
  if (!/^(?:\*|[a-z0-9][a-z0-9-]{0,95}\*?)$/.test(value)) {
    throw new InvalidArgumentError('It must be the id of a channel, a prefix ending in *, or *.');
  }
  return collect(value, before);
}
