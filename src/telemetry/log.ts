import cluster from 'node:cluster';
import { type DestinationStream, type Logger, pino } from 'pino';
import type { LogLevel } from '../config-variables.ts';
import { logLimits } from './telemetry-limits.ts';

/**
 * The log: one JSON object per line, with facts as fields. No token and no text of a post can get into it, whatever callers pass:
 * fields that carry texts or secrets are removed by name at any depth, long strings are cut, anything that looks like a token is
 * replaced in the finished line, and control characters for terminals are escaped.
 */
export type Log = Logger;

const { logWaitingBytes, logRetryMs, logLastTries, logTextCharacters, logItems, logDepth, logStackFrames } = logLimits;

let [dropped, cut] = [0, 0];

/** Log lines of this process that were dropped because too many were waiting. */
export function droppedLines(): number {
  return dropped;
}

/** Texts and lists that were cut in log lines of this process. */
export function cutInLines(): number {
  return cut;
}

/** `worker`: the number of this process, if it is one of several workers. */
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
    // Errors were converted to facts above. pino's own serializer would print the message.
    serializers: { err: (value: unknown) => value },
    hooks: {
      // Without a message, pino would use the message of the error.
      logMethod(this: Logger, args: unknown[], method: (this: Logger, ...args: unknown[]) => void) {
        const [first, message, ...rest] = args;
        if (first instanceof Error) method.call(this, { err: first }, typeof message === 'string' ? message : 'failed', ...rest);
        else if (typeof first === 'object' && first !== null && 'err' in first && message === undefined)
          method.call(this, first, 'failed');
        else method.apply(this, args);
      },
      streamWrite: (line: string) => withoutTokens(line).replaceAll(turning, escaped),
    },
  };
  return pino(options, destination ?? standardOutput());
}

/** Shared by all logs of the process. */
let standard: DestinationStream | undefined;

function standardOutput(): DestinationStream {
  standard ??= openStandardOutput();
  return standard;
}

/** The size up to which a write to a pipe is atomic (PIPE_BUF, pipe(7)). */
const atomicCharacters = cluster.isWorker ? 4_096 : Number.POSITIVE_INFINITY;

/**
 * Writes the lines of one turn of the event loop together, in one system call. A worker writes no more than is atomic, so that
 * its lines do not mix with those of other workers. If a write fails, the lines are kept and written with the next ones, because
 * readers must not suffer from a broken log. The failure is reported on standard error, once until a write succeeds. If a pipe is
 * full, writes are retried at intervals. Beyond the limit, further lines are dropped and counted, which is reported on standard
 * error once.
 */
function openStandardOutput(): DestinationStream {
  // Accessing `process.stdout` makes the pipe non-blocking: a write to a full pipe fails with EAGAIN instead of blocking the
  // process.
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
  let isReported = false;
  // Standard error may fail too, which is ignored.
  const report = (why: string) => {
    if (!isReported) console.error(`pressbox: The log cannot be written: ${why}. The server keeps running.`);
    isReported = true;
  };
  out.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    if (code !== 'EAGAIN') return report(message);
    again ??= setTimeout(() => {
      again = undefined;
      out.write('');
    }, logRetryMs).unref();
  });
  out.on('write', () => {
    isReported = false;
  });
  out.on('drop', (gathered: string) => {
    dropped += gathered.split('\n').length - 1;
    report('nobody reads it');
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

/** Field names that carry secrets or texts, on the wire and in our own types. */
const unspoken = new Set([
  'authorization',
  'cookie',
  'token',
  'secret',
  'secrets',
  'jwtsecrets',
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
/** Field names that are ids if they are strings, but whole posts or channels if they are objects. */
const idsOnly = new Set(['post', 'channel', 'event', 'snapshot', 'request', 'response', 'req', 'res']);

const dotted = /[\w.-]+/g;

/** Replaces everything that looks like a token. Reads each part between dots once, because clients choose a part of the line. */
function withoutTokens(line: string): string {
  return line.replaceAll(dotted, (run) => {
    if (!run.includes('eyJ')) return run;
    const parts = run.split('.');
    const written: string[] = [];
    for (let at = 0; at < parts.length; at += 1) {
      const part = parts[at] as string;
      const begin = part.indexOf('eyJ');
      const isToken = begin >= 0 && part.length - begin >= 8 && Boolean(parts[at + 1]) && parts[at + 2] !== undefined;
      written.push(isToken ? `${part.slice(0, begin)}[token]` : part);
      if (isToken) at += 2;
    }
    return written.join('.');
  });
}

/**
 * Characters that JSON does not escape, but that a terminal interprets: controls, line ends and changes of direction. Names of
 * authors may contain them.
 */
const turning = /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** The JSON escape of the character. */
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

/** The first items, and the number of the others. */
function first<T>(items: readonly T[], most: number = logItems): [kept: readonly T[], more: number] {
  if (items.length <= most) return [items, 0];
  cut += 1;
  return [items.slice(0, most), items.length - most];
}

function leftOut(): string {
  cut += 1;
  return '[left out]';
}

/** Errors whose messages may quote their input. */
const quoting = new Set(['SyntaxError', 'URIError', 'AssertionError', 'ZodError', '$ZodError', 'RangeError']);

/** The type, code and stack of an error, and its message unless the type quotes its input. */
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
