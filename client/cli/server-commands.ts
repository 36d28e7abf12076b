import { type Command, InvalidArgumentError, Option } from 'commander';
import { AuthorClient } from '../author-client.ts';
import { newKey } from '../ids.ts';
import { CannotDo, several, tellError } from './asking.ts';
import type { Env, Terminal } from './terminal.ts';

/**
 * `serve` and `token`: what is run where the server is. The server's modules are loaded only here and only then, so that the commands
 * that ask a server from elsewhere start without them.
 */
interface WhereOptions {
  host?: string;
  port?: string;
  dataDir?: string;
}
interface TokenOptions extends WhereOptions {
  name: string;
  sub?: string;
  reader?: string[];
  author?: string[];
  editor?: string[];
  admin?: boolean;
  ttl: number;
}

export function addServerCommands(program: Command, env: Env, terminal: Terminal, done: (code: number) => void): void {
  program
    .command('serve')
    .description('Start a server')
    .option('--demo', 'play a story into it: the first landing on the Moon, minute by minute')
    .option('--host <address>', 'address to listen on (PRESSBOX_HOST)')
    .option('--port <number>', 'port to listen on (PRESSBOX_PORT)')
    .option('--data-dir <path>', 'where the journal and the secret are kept (PRESSBOX_DATA_DIR)')
    .addHelpText(
      'after',
      `
Everything else is set by environment variables; see docs/configuration.md. It ends on SIGTERM or Ctrl-C, once readers have moved away.

Examples:
  $ pressbox serve
  $ pressbox serve --demo --port 4100 --data-dir ./demo-data
  $ PRESSBOX_HOST=0.0.0.0 PRESSBOX_PUBLIC_URL=https://live.example.org pressbox serve`,
    )
    .action(async (options: WhereOptions & { demo?: boolean }) => done(await attempt(() => serve(options))));

  program
    .command('token')
    .description('Print a token, signed with the secret of the environment or the data directory')
    .requiredOption('--name <name>', 'whose it is: the byline')
    .option('--sub <id>', 'who it speaks for, the same in every token of theirs; default: the name')
    .option('--reader <channel>', 'may read: an id, a prefix ending in *, or *; may be repeated', patterns)
    .option('--author <channel>', 'may write; may be repeated', patterns)
    .option('--editor <channel>', 'may change everything there; may be repeated', patterns)
    .option('--admin', 'may do everything')
    .addOption(new Option('--ttl <time>', 'how long it is good for: 30m, 8h, 7d').argParser(ttlSeconds).default(8 * 3600, '8h'))
    .option('--data-dir <path>', 'where the secret is kept (PRESSBOX_DATA_DIR)')
    .addHelpText(
      'after',
      `
Examples:
  $ export PRESSBOX_TOKEN=$(pressbox token --name "Ruth Calder" --editor moon-landing)
  $ pressbox token --name "Sports desk" --author "sport-*" --ttl 12h`,
    )
    .action(async (options: TokenOptions) => done(await attempt(() => token(options))));

  async function serve(options: WhereOptions & { demo?: boolean }): Promise<number> {
    const [{ readConfig }, { startServer }] = await Promise.all([import('../../src/config.ts'), import('../../src/server.ts')]);
    // Beside a person who watches, only what is worth a look; the variable still decides.
    const quiet = terminal.streams.stdout.isTTY === true ? { PRESSBOX_LOG_LEVEL: 'warn' } : {};
    const server = await startServer(readConfig({ ...quiet, ...withOptions(env, options) }));
    const { interrupted } = terminal.streams;
    let demo: { told: Promise<void> } | undefined;
    try {
      terminal.print(`Pressbox serves ${terminal.style.bold(server.publicUrl)}`);
      if (options.demo) demo = await startDemo(server.url, server.publicUrl, server.secret);
      if (!interrupted.aborted) await new Promise((resolve) => interrupted.addEventListener('abort', resolve, { once: true }));
      terminal.note('Closing: readers are asked to move away ...');
    } finally {
      await demo?.told;
      await server.close();
    }
    return 0;
  }

  /** Says how to try things out, and plays in the background until it is told or the server closes. */
  async function startDemo(
    url: string,
    publicUrl: string,
    secret: Uint8Array | undefined,
  ): Promise<{ told: Promise<void> } | undefined> {
    const { interrupted } = terminal.streams;
    if (secret === undefined)
      throw new CannotDo('The demo writes with a token, and this server has only public keys to check them with.');
    const { playDemo } = await import('../../demo/play.ts');
    const { demoChannel } = await import('../../demo/story.ts');
    const { signToken } = await import('../../src/edge/tokens.ts');
    const content = { grants: { editor: ['*'] }, ttlSeconds: 24 * 3600, now: Date.now() };
    const token = await signToken(secret, { ...content, sub: 'guest', name: 'Guest editor', jti: newKey() });
    const playing = await signToken(secret, { ...content, sub: 'demo', name: 'Demo desk', jti: newKey() });
    const client = new AuthorClient({ url, token: playing });
    if (!(await wantsDemo(client, demoChannel.id))) {
      terminal.print('There are other channels in the data directory, so the demo is not played into it.');
      return undefined;
    }
    const { style } = terminal;
    terminal.print(
      '',
      `Readers:  ${style.bold(`${publicUrl}/live/${demoChannel.id}`)}`,
      '',
      'To try things out, in another terminal:',
      '',
      `  export PRESSBOX_URL=${publicUrl}`,
      `  export PRESSBOX_TOKEN=${token}`,
      '',
      `  npx pressbox follow ${demoChannel.id}`,
      `  npx pressbox post ${demoChannel.id} --headline "Good morning, Moon" "A first post of **my own**."`,
      `  npx pressbox correct ${demoChannel.id} latest --note "It was evening there." --headline "Good evening, Moon"`,
      '',
    );
    const told = playDemo({ client, signal: interrupted, log: (line) => terminal.note(style.dim(line)) });
    const failed = (error: unknown) => terminal.note(`The demo stops: ${error instanceof Error ? error.message : error}`);
    return { told: told.catch((error: unknown) => (interrupted.aborted ? undefined : failed(error))) };
  }

  /** Into an empty journal, or on where it stopped. */
  async function wantsDemo(client: AuthorClient, demoId: string): Promise<boolean> {
    const { channels } = await client.listChannels({ limit: 100 });
    return channels.length === 0 || channels.some(({ id }) => id === demoId);
  }

  async function token(options: TokenOptions): Promise<number> {
    const { reader = [], author = [], editor = [], admin = false } = options;
    const { readConfig } = await import('../../src/config.ts');
    const { secretFor } = await import('../../src/edge/secret.ts');
    const { signToken } = await import('../../src/edge/tokens.ts');
    const secret = await secretFor(readConfig(withOptions(env, options)), (path) => {
      terminal.note(
        `There was no secret yet, so one was made: ${path}`,
        'Only a server with this data directory takes the token.',
      );
    });
    if (secret === undefined) {
      throw new CannotDo('This server takes tokens that others sign (PRESSBOX_JWKS_URL), so none can be made here.');
    }
    if (reader.length + author.length + editor.length === 0 && !admin) {
      terminal.note('The token permits no more than no token does: --reader, --author, --editor and --admin say what it is for.');
    }
    const { name, sub = name, ttl } = options;
    const grants = { reader, author, editor, admin };
    terminal.print(await signToken(secret, { sub, name, grants, ttlSeconds: ttl, now: Date.now(), jti: newKey() }));
    return 0;
  }

  async function attempt(action: () => Promise<number>): Promise<number> {
    try {
      return await action();
    } catch (error) {
      const { reasonNotToStart } = await import('../../src/server.ts');
      const why = reasonNotToStart(error);
      if (why === undefined) return tellError(error, terminal, { json: false });
      terminal.note(`pressbox: ${why}`);
      return 1;
    }
  }
}

function withOptions(env: Env, { host, port, dataDir }: WhereOptions): Env {
  return {
    ...env,
    ...(host !== undefined && { PRESSBOX_HOST: host }),
    ...(port !== undefined && { PRESSBOX_PORT: port }),
    ...(dataDir !== undefined && { PRESSBOX_DATA_DIR: dataDir }),
  };
}

function patterns(value: string, before: string[] = []): string[] {
  if (!/^(?:\*|[a-z0-9][a-z0-9-]{0,95}\*?)$/.test(value)) {
    throw new InvalidArgumentError('It must be the id of a channel, a prefix ending in *, or *.');
  }
  return several(value, before);
}

function ttlSeconds(text: string): number {
  const [, amount, unit] = /^([1-9][0-9]{0,5})([smhd])$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) throw new InvalidArgumentError('It must be a time such as 30m, 8h or 7d.');
  return Number(amount) * { s: 1, m: 60, h: 3600, d: 86_400 }[unit as 's' | 'm' | 'h' | 'd'];
}
