import { connect } from 'node:net';
import { expect } from 'vitest';
import { createLog } from '../../../src/telemetry/log.ts';
import { startTestServer, type TestServer } from '../servers/server.ts';

/**
 * A server whose complete log, down to `trace`, is kept and searched at the end for secrets.
 *
 * Every text that a hostile test sends as part of a post or channel contains `secretWord`.
 */
export interface AttackedServer extends TestServer {
  readonly port: number;
  /** The lines of the log. */
  readonly log: readonly string[];
  /**
   * Everything that a write could change: the heads of all journals, the list of channels, and the newest posts with their entity
   * tag.
   */
  state(): Promise<string>;
  /** Fails unless every line is JSON and contains no token, no `secretWord` and no control character. */
  expectCleanLog(): void;
}

/** No language has this word, so it is found only where a test put it. */
export const secretWord = 'zaunkoenigxq';

export async function startAttackedServer(env: Record<string, string> = {}): Promise<AttackedServer> {
  const log: string[] = [];
  const destination = { write: (line: string) => void log.push(line.trimEnd()) };
  const started = await startTestServer(env, { log: createLog('trace', destination) });
  const tokens: string[] = [];
  const giveToken = started.token;
  return Object.assign(started, {
    port: Number(new URL(started.url).port),
    log,
    async token(...asked: Parameters<TestServer['token']>) {
      const token = await giveToken(...asked);
      tokens.push(token);
      return token;
    },
    async state() {
      const editor = await giveToken({ editor: ['*'] });
      const headers = { authorization: `Bearer ${editor}` };
      const listed = await (await fetch(`${started.url}/v1/channels?limit=100`, { headers })).text();
      const ids = (JSON.parse(listed) as { channels: { id: string }[] }).channels.map(({ id }) => id);
      const snapshots = await Promise.all(
        ids.slice(0, 4).map(async (id) => {
          const answer = await fetch(`${started.url}/v1/channels/${id}/snapshot`, { headers });
          return [answer.headers.get('etag'), await answer.text()];
        }),
      );
      return JSON.stringify([listed, await started.server.engine.heads(ids), snapshots]);
    },
    expectCleanLog() {
      expectCleanLines(log, tokens);
    },
  });
}

/**
 * Sends bytes on a new connection. Resolves with the received bytes when the server closes the connection (`closed` is true),
 * when they match `until`, or after `untilMs`. The base path of the server is added to the targets of requests in text.
 */
export async function sendBytes(
  { port, basePath = '' }: { port: number; basePath?: string },
  bytes: string | Uint8Array,
  { until, untilMs = 15_000, from = '127.0.0.1' }: { until?: RegExp; untilMs?: number; from?: string } = {},
): Promise<{ text: string; closed: boolean; statuses: number[] }> {
  const socket = connect({ port, host: '127.0.0.1', localAddress: from });
  const chunks: Buffer[] = [];
  const closed = await new Promise<boolean>((resolve) => {
    const late = setTimeout(() => resolve(false), untilMs);
    const done = (isClosed: boolean) => {
      clearTimeout(late);
      resolve(isClosed);
    };
    socket.on('error', () => {}).on('close', () => done(true));
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (until?.test(Buffer.concat(chunks).toString('latin1'))) done(false);
    });
    socket.write(typeof bytes === 'string' ? Buffer.from(targetsBelow(basePath, bytes), 'latin1') : bytes);
  });
  socket.destroy();
  const text = Buffer.concat(chunks).toString('latin1');
  return { text, closed, statuses: [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)) };
}

function targetsBelow(basePath: string, text: string): string {
  return text.replace(/^([A-Z]+) (?=\/)/gm, `$1 ${basePath}`);
}

/** An HTTP request as text. `Connection: close` is added last, unless `headers` contains a `Connection` header. */
export function requestText(first: string, headers: readonly string[] = [], body = ''): string {
  const named = (name: string) => headers.some((header) => header.toLowerCase().startsWith(`${name}:`));
  const all = [...(named('host') ? [] : ['Host: a']), ...headers, ...(named('connection') ? [] : ['Connection: close'])];
  return `${[first, ...all].join('\r\n')}\r\n\r\n${body}`;
}

/** Fails unless every line is JSON and contains no token and no text. */
export function expectCleanLines(lines: readonly string[], tokens: readonly string[]): void {
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) {
    expect(() => JSON.parse(line), line).not.toThrow();
    expect(line).not.toContain(secretWord);
    for (const token of tokens) for (const part of token.split('.')) expect(line).not.toContain(part);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the log must not contain these characters
    expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
  }
}
