import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { root } from '../runner/imports.ts';
import { freePort } from '../servers/free-port.ts';

/** A Redis or Valkey as a file of `deploy/` starts it, on a free loopback port and in its own directory. */
export interface DeployedRedis extends AsyncDisposable {
  readonly port: number;
  readonly directory: string;
  /** The URL for Pressbox. */
  readonly url: string;
  /** The URL of the operator. */
  readonly operatorUrl: string;
  /** Ends the server with the signal, and starts it again on the same files. Throws if it does not answer then. */
  restart(signal: NodeJS.Signals): Promise<void>;
  end(signal: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
  log(): Promise<string>;
}

export type StoreProgram = 'redis' | 'valkey';
const words = { REDIS_PASSWORD: 'word', OPERATOR_PASSWORD: 'secret' };
const folder = join(root, 'deploy');
/** The name of the configuration in the directory of the server. */
export const configFile = 'store.conf';

/** Every file of `deploy/` that configures a store, found by its contents, with the program that reads the file. */
export function storeFiles(): { file: string; program: StoreProgram }[] {
  return filesWith(/^appendonly /m).map((file) => ({ file, program: programIn(basename(file), file) }));
}

/** Every compose file that starts a store. */
export function composeFilesWithStores(): { file: string; program: StoreProgram }[] {
  return filesWith(/^ +image: \S*(?:redis|valkey)/m).map((file) => ({
    file,
    program: programIn(/^ +image: (\S*(?:redis|valkey).*)$/m.exec(readFileSync(join(folder, file), 'utf8'))?.[1] ?? '', file),
  }));
}

/** `file`: its path below `deploy/`. By default the file for the program. Its two words are replaced. */
export async function startDeployedRedis(
  binary: string,
  file?: string,
  change: (config: string) => string = (config) => config,
): Promise<DeployedRedis> {
  const name = file ?? storeFiles().find(({ program }) => binary.includes(program))?.file ?? '';
  let config = await readFile(join(folder, name), 'utf8');
  for (const [word, value] of Object.entries(words)) config = config.replace(`>${word}`, `>${value}`);
  return await startIn(async (directory, settings) => {
    const path = join(directory, configFile);
    await writeFile(path, change(config));
    return { command: binary, args: [path, ...settings, '--dir', directory], env: {} };
  });
}

interface ComposedService {
  image?: string;
  command?: string[];
  environment?: Record<string, string>;
  volumes?: { type: string; source: string; target: string }[];
}

/**
 * The store of a compose file: runs the command of its service, with what the service mounts. `compose` reads the file, and a path
 * in a container becomes a path in a directory.
 */
export async function startComposedRedis(compose: string, binary: string, file: string): Promise<DeployedRedis> {
  const { stdout } = await promisify(execFile)(compose, ['--file', join(folder, file), 'config', '--format', 'json'], {
    env: { ...process.env, ...words, SITE: 'live.example.org', JWT_SECRET: 'c', CERTIFICATES: '/tmp' },
  });
  const { services } = JSON.parse(stdout) as { services: Record<string, ComposedService> };
  const service = Object.values(services).find(({ image }) => image !== undefined && /redis|valkey/.test(image));
  if (service?.command === undefined) throw new Error(`${file} has no store with a command.`);
  const { command: commandLine, volumes = [], environment = {} } = service;
  return await startIn((directory, settings) => {
    const moved = (line: string) => {
      let here = line.replaceAll('$$', '$').replaceAll('/tmp/', `${directory}/`);
      for (const { type, source, target } of volumes) here = here.replaceAll(target, type === 'bind' ? source : directory);
      return here.replace(/\b(?:redis|valkey)-server .*$/m, (start) => [start.replace(/^\S+/, binary), ...settings].join(' '));
    };
    const [command = '', ...args] = commandLine.map(moved);
    return Promise.resolve({ command, args, env: environment });
  });
}

type CommandIn = (
  directory: string,
  settings: readonly string[],
) => Promise<{ command: string; args: string[]; env: Record<string, string> }>;

async function startIn(commandIn: CommandIn): Promise<DeployedRedis> {
  const directory = await mkdtemp(join(tmpdir(), 'pressbox-deployed-'));
  const port = await freePort();
  const logFile = join(directory, 'store.log');
  const log = () => readFile(logFile, 'utf8').catch(() => 'no log');
  const operatorUrl = `redis://operator:${words.OPERATOR_PASSWORD}@127.0.0.1:${port}`;
  const { command, args, env } = await commandIn(directory, [
    ...['--port', `${port}`, '--bind', '127.0.0.1', '--logfile', logFile],
  ]);
  let child: ReturnType<typeof spawn> | undefined;
  const atExit = () => child?.kill('SIGKILL');
  process.once('exit', atExit);
  const start = async () => {
    const started = spawn(command, args, { stdio: 'ignore', env: { ...process.env, ...env } });
    child = started;
    const operator = new Redis(operatorUrl, { retryStrategy: () => 20, maxRetriesPerRequest: null });
    operator.on('error', () => undefined);
    const failed = once(started, 'exit').then(async () => {
      throw new Error(`${command} ended: ${(await log()).slice(-2_000)}`);
    });
    failed.catch(() => undefined);
    try {
      await Promise.race([operator.ping(), failed]);
    } finally {
      operator.disconnect();
    }
  };
  const end = async (signal: NodeJS.Signals) => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  };
  const dispose = async () => {
    await end('SIGKILL');
    process.off('exit', atExit);
    await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 });
  };
  try {
    await start();
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    port,
    directory,
    url: `redis://pressbox:${words.REDIS_PASSWORD}@127.0.0.1:${port}`,
    operatorUrl,
    async restart(signal) {
      await end(signal);
      await start();
    },
    end,
    start,
    log,
    [Symbol.asyncDispose]: dispose,
  };
}

function filesWith(content: RegExp): string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  return paths.filter((path) => content.test(readFileSync(path, 'utf8'))).map((path) => path.slice(folder.length + 1));
}

function programIn(text: string, file: string): StoreProgram {
  if (text.includes('valkey')) return 'valkey';
  if (text.includes('redis')) return 'redis';
  throw new Error(`The name of deploy/${file} does not say whether it is for Redis or Valkey.`);
}
