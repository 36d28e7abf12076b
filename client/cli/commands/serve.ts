import type { Command } from 'commander';
import { channelPath, onServer } from '../../../src/protocol/addresses.ts';
import type { Serving } from '../../../src/serve.ts';
import { AuthorClient } from '../../lib/author-client.ts';
import { newKey } from '../../lib/ids.ts';
import { CommandFailed, printError } from '../command-errors.ts';
import type { Env, Terminal } from '../terminal.ts';

/**
 * `serve`: what is run where the server is. The server's modules are loaded only then, so that the commands that ask a server from
 * elsewhere start without them.
 */
export interface ServerLocation {
  host?: string;
  port?: string;
  dataDir?: string;
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
Everything else is set by environment variables; see docs/reference/configuration.md. In a terminal it logs from \`warn\` on, unless
PRESSBOX_LOG_LEVEL says otherwise. It ends on SIGTERM or Ctrl-C, once readers have moved away.

Examples:
  $ pressbox serve
  $ pressbox serve --demo --port 4100 --data-dir ./demo-data
  $ PRESSBOX_HOST=0.0.0.0 PRESSBOX_PUBLIC_URL=https://live.example.org pressbox serve`,
    )
    .action(async (options: ServerLocation & { demo?: boolean }) => {
      done(await runLocally(terminal, () => serve(options)));
      // Whoever looks after it waits for that, and starts it again.
      terminal.streams.end?.();
    });

  async function serve(options: ServerLocation & { demo?: boolean }): Promise<number> {
    const [{ readConfig }, { serve: start }] = await Promise.all([
      import('../../../src/config.ts'),
      import('../../../src/serve.ts'),
    ]);
    // Beside a person who watches, only what is worth a look; the variable still decides.
    const quiet = terminal.streams.stdout.isTTY === true ? { PRESSBOX_LOG_LEVEL: 'warn' } : {};
    let server: Serving | undefined;
    // From the beginning: by default it ends the process, and a start may take a while.
    const renew = () => void server?.renew();
    process.on('SIGUSR2', renew);
    const { interrupted } = terminal.streams;
    let demo: { told: Promise<void> } | undefined;
    try {
      server = await start(readConfig({ ...quiet, ...envWithOptions(env, options) }));
      // Readers are not to be cut because a disk is full, or nobody reads what stands here.
      const { url, publicUrl } = server;
      terminal.streams.outputFailed = ({ message }) => {
        terminal.streams.outputFailed = () => undefined;
        terminal.note(`pressbox: ${message}. Pressbox serves ${publicUrl} all the same.`);
      };
      terminal.print(`Pressbox serves ${terminal.style.bold(publicUrl)}`);
      if (options.demo) demo = await startDemo(url, publicUrl, server.secret);
      const asked = new Promise<undefined>((resolve) => {
        if (interrupted.aborted) resolve(undefined);
        interrupted.addEventListener('abort', () => resolve(undefined), { once: true });
      });
      const failure = await Promise.race([asked, server.failed]);
      if (failure !== undefined) {
        terminal.note(`pressbox: ${failure.reason}`);
        return failure.code;
      }
      terminal.note('Closing: readers are asked to move away ...');
    } finally {
      process.off('SIGUSR2', renew);
      await demo?.told;
      await server?.close();
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
      throw new CommandFailed('The demo writes with a token, and this server has only public keys to check them with.');
    const { playDemo } = await import('../../../demo/play.ts');
    const { audienceAt } = await import('../../../demo/audience.ts');
    const { demoChannel } = await import('../../../demo/story.ts');
    const { signToken } = await import('../../../src/access/tokens.ts');
    const content = { grants: { editor: ['*'] }, ttlSeconds: 24 * 3600, now: Date.now() };
    const token = await signToken(secret, { ...content, sub: 'guest', name: 'Guest editor', jti: newKey() });
    const desk = { ...content, sub: 'demo', name: 'Demo desk' };
    const playing = await signToken(secret, { ...desk, jti: newKey() });
    const importing = await signToken(secret, { ...desk, grants: { admin: true }, ttlSeconds: 60, jti: newKey() });
    const client = new AuthorClient({ url, token: playing });
    if (!(await shouldPlayDemo(client, demoChannel.id))) {
      terminal.print(
        'There are other channels in the data directory, so the demo is not played into it. --data-dir names another directory.',
      );
      return undefined;
    }
    const { style } = terminal;
    terminal.print(
      '',
      `Readers:  ${style.bold(onServer(channelPath(demoChannel.id), publicUrl))}`,
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
    const told = playDemo({
      client,
      publicUrl,
      signal: interrupted,
      log: (line) => terminal.note(style.dim(line)),
      importLines: (lines) => importInto(url, importing, lines),
      audience: () => audienceAt(url, interrupted),
    });
    const failed = (error: unknown) => terminal.note(`The demo stops: ${error instanceof Error ? error.message : error}`);
    return { told: told.catch((error: unknown) => (interrupted.aborted ? undefined : failed(error))) };
  }

  async function importInto(url: string, token: string, lines: string): Promise<void> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' };
    const answer = await fetch(`${url}/v1/import`, { method: 'POST', headers, body: lines });
    if (!answer.ok) throw new CommandFailed(`Its first posts could not be imported: status ${answer.status}.`);
  }

  /** Into an empty journal, or on where it stopped. */
  async function shouldPlayDemo(client: AuthorClient, demoId: string): Promise<boolean> {
    const { channels } = await client.listChannels({ limit: 100 });
    return channels.length === 0 || channels.some(({ id }) => id === demoId);
  }
}

/** Tells why it failed, also where it is a variable of the environment that is wrong. */
export async function runLocally(terminal: Terminal, action: () => Promise<number>): Promise<number> {
  try {
    return await action();
  } catch (error) {
    const { reasonNotToStart } = await import('../../../src/startup-errors.ts');
    const why = reasonNotToStart(error);
    if (why === undefined) return printError(error, terminal, { json: false });
    terminal.note(`pressbox: ${why}`);
    return 1;
  }
}

export function envWithOptions(env: Env, { host, port, dataDir }: ServerLocation): Env {
  return {
    ...env,
    ...(host !== undefined && { PRESSBOX_HOST: host }),
    ...(port !== undefined && { PRESSBOX_PORT: port }),
    ...(dataDir !== undefined && { PRESSBOX_DATA_DIR: dataDir }),
  };
}
