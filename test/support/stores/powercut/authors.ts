import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Power } from './powercut.ts';

/** Runs `appender.ts` in a separate process whose power can be cut. */
export interface Authors {
  dataDir: string;
  power: Power;
  /** The process is killed after this number of answers. By default a callback kills it. */
  answers?: number;
  authors?: number;
  env?: Record<string, string>;
  /** Called for each refused append, and for each answered one. */
  onRefused?: (refused: { outcome: string; post: string }, kill: () => void) => void;
  onAnswered?: (count: number, kill: () => void) => void;
}

export interface Written {
  /** The highest answered revision of each post. */
  answered: Map<string, number>;
  /** Posts whose erasure was reported as complete. */
  erased: string[];
}

export async function writeUntilKilled({ dataDir, power, answers, authors = 4, env = {}, ...on }: Authors): Promise<Written> {
  const script = fileURLToPath(new URL('./appender.ts', import.meta.url));
  const child = spawn(process.execPath, [script, dataDir, 'power', String(authors)], {
    env: { ...process.env, ...power.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const written: Written = { answered: new Map(), erased: [] };
  let count = 0;
  const kill = () => void child.kill('SIGKILL');
  for await (const line of createInterface({ input: child.stdout })) {
    const [first = '', rest] = line.split(' ');
    if (rest === undefined) continue;
    if (first === 'refused') on.onRefused?.(JSON.parse(rest), kill);
    else if (first === 'erased') written.erased.push(rest);
    else {
      written.answered.set(first, Number(rest));
      count++;
      on.onAnswered?.(count, kill);
      if (count === answers) kill();
    }
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return written;
}

/** Erased posts whose text is still in some file. Only call it while this process has none of the files open. */
export function leftOf(dataDir: string, erased: string[]): string[] {
  const files = readdirSync(dataDir).map((name) => readFileSync(join(dataDir, name)));
  return erased.filter((id) => files.some((bytes) => bytes.includes(`text of ${id}`)));
}

export interface Told {
  told: string;
  message?: string;
  refusesToWrite?: boolean;
  announced: number;
}

/** Runs `asked.ts` in a separate process whose power can be cut. */
export async function startAsked({ dataDir, power, post }: { dataDir: string; power: Power; post: string }) {
  const script = fileURLToPath(new URL('./asked.ts', import.meta.url));
  const child = spawn(process.execPath, [script, dataDir, post], {
    env: { ...process.env, ...power.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  await lines.next();
  return {
    /** Returns the result, or undefined if the process was killed before. */
    async ask(what: string): Promise<Told | undefined> {
      child.stdin.write(`${what}\n`);
      const { value } = await lines.next();
      return value === undefined ? undefined : JSON.parse(value);
    },
    kill,
    [Symbol.asyncDispose]: kill,
  };
}
