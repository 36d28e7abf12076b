import type { Command } from 'commander';
import { channelPath, onServer, signInLinkPath } from '../../../src/protocol/addresses.ts';
import type { Serving } from '../../../src/serve.ts';
import { AuthorClient } from '../../lib/author-client.ts';
import { newKey } from '../../lib/ids.ts';
import { CommandFailed, printError } from '../command-errors.ts';
import type { Env, Terminal } from '../terminal.ts';

/** `serve`: starts a server. The server's modules are loaded only here, so that other commands start faster. */
export interface ServerLocation {
  host?: string;
  port?: string;
  dataDir?: string;
}

export function addServerCommands(program: Command, env: Env, terminal: Terminal, done: (code: number) => void): void {
  program
    .command('serve')
    .description('Start a server')
    .option('--demo', 'play a demo into it: the first landing on the Moon, minute by minute')
    .option('--host <address>', 'address to listen on (PRESSBOX_HOST)')
    .option('--port <number>', 'port to listen on (PRESSBOX_PORT)')
    .option('--data-dir <path>', 'where the journal and the secret are kept (PRESSBOX_DATA_DIR)')
    .addHelpText(
      'after',
      `
All other settings are environment variables; see docs/reference/configuration.md. In a terminal it logs only warnings, unless
PRESSBOX_LOG_LEVEL is set. It ends on SIGTERM or Ctrl-C, once readers have moved away.

Examples:
  $ pressbox serve
  $ pressbox serve --demo --port 4100 --data-dir ./demo-data
  $ PRESSBOX_HOST=0.0.0.0 PRESSBOX_PUBLIC_URL=https://live.example.org pressbox serve`,
    )
    .action(async (options: ServerLocation & { demo?: boolean }) => {
      done(await runLocally(terminal, () => serve(options)));
      // A supervisor waits for the process to end and then restarts it.
      terminal.streams.end?.();
    });

  async function serve(options: ServerLocation & { demo?: boolean }): Promise<number> {
    const [{ readConfig }, { serve: start }] = await Promise.all([
      import('../../../src/config.ts'),
      import('../../../src/serve.ts'),
    ]);
    // In a terminal, log only warnings, unless the variable says otherwise.
    const quiet = terminal.streams.stdout.isTTY === true ? { PRESSBOX_LOG_LEVEL: 'warn' } : {};
    let server: Serving | undefined;
    // Installed early: the default action of SIGUSR2 ends the process, and starting may take a while.
    const renew = () => void server?.renew();
    process.on('SIGUSR2', renew);
    const { interrupted } = terminal.streams;
    let demo: { finished: Promise<void> } | undefined;
    try {
      server = await start(readConfig({ ...quiet, ...envWithOptions(env, options) }));
      // If the output fails, the server keeps running, so that readers stay connected.
      const { url, publicUrl } = server;
      terminal.streams.outputFailed = ({ message }) => {
        terminal.streams.outputFailed = () => undefined;
        terminal.note(`pressbox: ${message}. Pressbox keeps serving ${publicUrl}.`);
      };
      terminal.print(`Pressbox serves ${terminal.style.bold(publicUrl)}`);
      if (options.demo) demo = await startDemo(url, publicUrl, server.secret);
      const interruption = new Promise<undefined>((resolve) => {
        if (interrupted.aborted) resolve(undefined);
        interrupted.addEventListener('abort', () => resolve(undefined), { once: true });
      });
      const failure = await Promise.race([interruption, server.failed]);
      if (failure !== undefined) {
        terminal.note(`pressbox: ${failure.reason}`);
        return failure.code;
      }
      terminal.note('Closing: readers are asked to move away ...');
    } finally {
      process.off('SIGUSR2', renew);
      await demo?.finished;
      await server?.close();
    }
    return 0;
  }

  /** Prints how to try things out, then starts the demo. The demo plays until it ends or the server closes. */
  async function startDemo(
    url: string,
    publicUrl: string,
    secret: Uint8Array | undefined,
  ): Promise<{ finished: Promise<void> } | undefined> {
    const { interrupted } = terminal.streams;
    if (secret === undefined)
      throw new CommandFailed('The demo needs a secret to sign its token, but this server has only public keys.');
    const { playDemo } = await import('../../../demo/play.ts');
    const { audienceAt } = await import('../../../demo/audience.ts');
    const { demoChannel } = await import('../../../demo/story.ts');
    const { signLinkCode } = await import('../../../src/access/sign-in-links.ts');
    const { signToken } = await import('../../../src/access/tokens.ts');
    const { limits } = await import('../../../src/protocol/wire-limits.ts');
    const content = { grants: { editor: ['*'] }, ttlSeconds: 24 * 3600, now: Date.now() };
    const guest = { ...content, sub: 'guest', name: 'Guest editor' };
    const token = await signToken(secret, { ...guest, jti: newKey() });
    const code = await signLinkCode(secret, {
      ...guest,
      usableSeconds: limits.signInLinkHours * 3_600,
      sessionSeconds: limits.sessionHours * 3_600,
      jti: newKey(),
    });
    const desk = { ...content, sub: 'demo', name: 'Demo desk' };
    const playing = await signToken(secret, { ...desk, jti: newKey() });
    const importing = await signToken(secret, { ...desk, grants: { admin: true }, ttlSeconds: 60, jti: newKey() });
    const client = new AuthorClient({ url, token: playing });
    if (!(await shouldPlayDemo(client, demoChannel.id))) {
      terminal.print(
        'There are other channels in the data directory, so the demo is not played into it. Choose another directory with --data-dir.',
      );
      return undefined;
    }
    const { style } = terminal;
    terminal.print(
      '',
      `Readers:  ${style.bold(onServer(channelPath(demoChannel.id), publicUrl))}`,
      `Authors:  ${onServer(signInLinkPath(code), publicUrl)}`,
      `          (signs in one browser, once, within ${limits.signInLinkHours} hours)`,
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
    const finished = playDemo({
      client,
      publicUrl,
      signal: interrupted,
      log: (line) => terminal.note(style.dim(line)),
      importLines: (lines) => importInto(url, importing, lines),
      audience: () => audienceAt(url, interrupted),
    });
    const failed = (error: unknown) => terminal.note(`The demo stops: ${error instanceof Error ? error.message : error}`);
    return { finished: finished.catch((error: unknown) => (interrupted.aborted ? undefined : failed(error))) };
  }

  async function importInto(url: string, token: string, lines: string): Promise<void> {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' };
    const answer = await fetch(`${url}/v1/import`, { method: 'POST', headers, body: lines });
    if (!answer.ok) throw new CommandFailed(`Its first posts could not be imported: status ${answer.status}.`);
  }

  /** Whether the journal is empty or contains the demo already. */
  async function shouldPlayDemo(client: AuthorClient, demoId: string): Promise<boolean> {
    const { channels } = await client.listChannels({ limit: 100 });
    return channels.length === 0 || channels.some(({ id }) => id === demoId);
  }
}

/** Prints why a local action failed, including invalid environment variables. */
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
