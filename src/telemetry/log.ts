import cluster from 'node:cluster';
import { type DestinationStream, type Logger, pino } from 'pino';
import type { LogLevel } from '../config.ts';
import { logLimits } from './telemetry-limits.ts';

/**
 * The log: one JSON object a line, facts as fields. No token and no text of a post can get into it. That holds by how a line is made,
 * not by everyone's care: fields that carry text or secrets are taken out by name, wherever they are, long strings are cut, and
 * whatever looks like a token is replaced in the finished line, in which nothing is left that a terminal would obey.
 */
export type Log = Logger;

const { logWaitingBytes, logRetryMs, logLastTries, logTextCharacters, logItems, logDepth, logStackFrames } = logLimits;

let [dropped, cut] = [0, 0];

/** Lines of the logs of this process that were left out, as too many waited already. */
export function droppedLines(): number {
  return dropped;
}

/** Texts, lists and the like that were cut in lines of this process, as they were too much. */
export function cutInLines(): number {
  return cut;
}

/** `worker`: its number, of a process that writes beside others. */
export function createLog(level: LogLevel, destination?: DestinationStream, worker?: number): Log {
  const options = {
    level,
    base: { pid: process.pid, ...(worker !== undefined && { worker }) },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (facts: object) => cleanObject(facts, 0),
    },
    // Fields bound to a child logger do not pass through `log` above.
    redact: { paths: [...unspoken], censor: '[left out]' },
    // Errors were made into facts above; pino's own serializer would print the message.
    serializers: { err: (value: unknown) => value },
    hooks: {
      // An error without a sentence would lend its own message to the line.
      logMethod(this: Logger, args: unknown[], method: (this: Logger, ...args: unknown[]) => void) {
        const [first, message, ...rest] = args;
        if (first instanceof Error) method.call(this, { err: first }, typeof message === 'string' ? message : 'failed', ...rest);
        else if (typeof first === 'object' && first !== null && 'err' in first && message === undefined)
          method.call(this, first, 'failed');
        else method.apply(this, args);
      },
      streamWrite: (line: string) => line.replaceAll(tokenLike, '[token]').replaceAll(turning, escaped),
    },
  };
  return pino(options, destination ?? standardOutput());
}

/** One for all logs of the process, which ends once. */
let standard: DestinationStream | undefined;

function standardOutput(): DestinationStream {
  standard ??= openStandardOutput();
  return standard;
}

/** As much as a pipe takes whole, however many processes write to it (PIPE_BUF, pipe(7)). */
const atomicCharacters = cluster.isWorker ? 4_096 : Number.POSITIVE_INFINITY;

/**
 * The lines of one turn of the event loop go out together at its end: one call of the system for a hundred writes, not a hundred. Of a
 * process that writes beside others no more than goes out whole, so that no line stands within another. What cannot be written is tried
 * again with the next line: that nobody can read the log is no reason to cut the readers. It is said on the standard error, once until
 * something is written again. Where somebody is to read it through a pipe and does not, it is tried by and by, and said once lines are left
 * out. Past the bound further lines are left out and counted.
 */
function openStandardOutput(): DestinationStream {
  // Once it was looked at, a write to a pipe that is full says so (EAGAIN), where it would hold the process up until somebody reads.
  void process.stdout;
  let lastTries = 0;
  const out = pino.destination({
    fd: 1,
    sync: true,
    maxLength: logWaitingBytes,
    ...(cluster.isWorker && { maxWrite: atomicCharacters }),
    retryEAGAIN: () => lastTries-- > 0,
  });
  let again: NodeJS.Timeout | undefined;
  let isTold = false;
  // Passes over what cannot be written there either.
  const tell = (why: string) => {
    if (!isTold) console.error(`pressbox: The log cannot be written: ${why}. The server goes on.`);
    isTold = true;
  };
  out.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code !== 'EAGAIN') return tell(message);
    again ??= setTimeout(() => {
      again = undefined;
      out.write('');
    }, logRetryMs).unref();
  });
  out.on('write', () => {
    isTold = false;
  });
  out.on('drop', (gathered: string) => {
    dropped += gathered.split('\n').length - 1;
    tell('nobody reads it');
  });
  let lines = '';
  const flush = () => {
    const gathered = lines;
    lines = '';
    if (gathered !== '') out.write(gathered);
  };
  process.once('exit', () => {
    lastTries = logLastTries;
    if (again !== undefined) out.write('');
    flush();
  });
  return {
    write(line) {
      if (lines.length + line.length > atomicCharacters) flush();
      if (lines === '') setImmediate(flush);
      lines += line;
    },
  };
}

/** Where secrets and what people wrote are found, on the wire and in our own types. */
const unspoken = new Set([
  'authorization',
  'cookie',
  'token',
  'secret',
  'jwtsecret',
  'password',
  'auth',
  'body',
  'html',
  'headline',
  'standfirst',
  'section',
  'byline',
  'note',
  'media',
  'authors',
  'sources',
  'history',
  'current',
  'text',
  'content',
  'data',
  'payload',
  'args',
  'params',
  'value',
  'input',
  'query',
]);
/** These are ids as strings, and whole posts and channels as objects. */
const idsOnly = new Set(['post', 'channel', 'event', 'snapshot', 'request', 'response', 'req', 'res']);

const tokenLike = /eyJ[\w-]{5,}\.[\w-]+\.[\w-]*/g;

/** What JSON leaves as it is, and a terminal would obey or read as the end of a line, or turn what follows. A name of whoever writes may hold it. */
const turning = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** As JSON can write it: the line says the same. */
function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function cleanObject(facts: object, depth: number): Record<string, unknown> {
  const cleaned: Record<string, unknown> = {};
  const [fields, more] = first(Object.entries(facts));
  for (const [key, value] of fields) {
    const name = key.toLowerCase();
    const hidden = unspoken.has(name) || (idsOnly.has(name) && typeof value === 'object' && value !== null);
    cleaned[key] = hidden ? '[left out]' : clean(value, depth + 1);
  }
  if (more > 0) cleaned['…'] = `${more} more`;
  return cleaned;
}

function clean(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return begun(value);
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value;
  if (value instanceof Error) return errorFacts(value, depth);
  if (ArrayBuffer.isView(value)) return '[left out]';
  if (depth >= logDepth) return leftOut();
  if (Array.isArray(value)) {
    const [items, more] = first(value);
    return [...items.map((item) => clean(item, depth + 1)), ...(more > 0 ? [`… ${more} more`] : [])];
  }
  if (value instanceof Date) return value;
  return cleanObject(value, depth);
}

function begun(text: string): string {
  if (text.length <= logTextCharacters) return text;
  cut += 1;
  return `${text.slice(0, logTextCharacters)}…`;
}

/** Those that are told, and how many more there are. */
function first<T>(items: readonly T[], most: number = logItems): [told: readonly T[], more: number] {
  if (items.length <= most) return [items, 0];
  cut += 1;
  return [items.slice(0, most), items.length - most];
}

function leftOut(): string {
  cut += 1;
  return '[left out]';
}

/** Errors whose messages quote what they were given. */
const quoting = new Set(['SyntaxError', 'URIError', 'AssertionError', 'ZodError', '$ZodError', 'RangeError']);

/** What helps to find the fault: the kind, the code, where. The message too, unless it is of a kind that quotes its input. */
function errorFacts(error: Error, depth: number): object {
  const code = 'code' in error && (typeof error.code === 'string' || typeof error.code === 'number') ? error.code : undefined;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    type: error.name,
    ...(code !== undefined && { code }),
    ...(!quoting.has(error.name) && { message: begun(error.message) }),
    stack: first(frames, logStackFrames)[0].map((line) => line.trim()),
    ...(error.cause instanceof Error && { cause: depth < logDepth ? errorFacts(error.cause, depth + 1) : leftOut() }),
  };
}
