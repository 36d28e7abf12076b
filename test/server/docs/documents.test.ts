import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordedPath, recordedText } from '../../../scripts/docs.ts';
import { type ComponentName, components } from '../../../src/apidocs/components.ts';
import { keyOf } from '../../../src/apidocs/example.ts';
import { examples } from '../../../src/apidocs/examples.ts';
import { openApi } from '../../../src/apidocs/openapi.ts';
import { type AnswerHeader, problemsOf } from '../../../src/apidocs/operation.ts';
import { operations } from '../../../src/apidocs/operations.ts';
import { recorded, recordedMessages } from '../../../src/apidocs/recorded-answers.ts';
import { codeOf, curlOf, operationOf } from '../../../src/apidocs/shown-examples.ts';
import {
  messageExamples,
  messageKey,
  messages,
  socketMessages,
  storeExample,
  streamMessages,
} from '../../../src/apidocs/socket-messages.ts';
import { problems } from '../../../src/protocol/problems.ts';
import { examplesUrl, type Played, playExamples } from '../../support/authors/play-examples.ts';
import { root } from '../../support/runner/imports.ts';
import { describeWith, needs } from '../../support/runner/needs.ts';
import { testedBasePath } from '../../support/servers/front.ts';
import { servedRoutes } from '../../support/servers/routes.ts';
import { call, startTestServer, type TestServer } from '../../support/servers/server.ts';
import { openShell } from '../../support/servers/shell.ts';

describe('the API documents', () => {
  const elsewhere = 'https://news.example.org';
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ PRESSBOX_PUBLIC_URL: examplesUrl, PRESSBOX_ORIGINS: elsewhere });
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('describe every route of the server and no other', async () => {
    const described = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`).sort();
    expect(await servedRoutes(server.url)).toEqual(described);
  });

  it.each(['/openapi.json', '/asyncapi.json'])(
    'are served at %s, also to pages of other origins, and revalidated',
    async (path) => {
      const answer = await fetch(`${server.url}${path}`, { headers: { origin: elsewhere } });
      expect(answer.status).toBe(200);
      expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(answer.headers.get('cache-control')).toBe('no-cache');
      expect(answer.headers.get('access-control-allow-origin')).toBe(elsewhere);
      expect(await answer.text()).toContain(new URL(examplesUrl).host);
      const again = await fetch(`${server.url}${path}`, { headers: { 'if-none-match': answer.headers.get('etag') ?? '' } });
      expect(again.status).toBe(304);
    },
  );

  it('say which operations accept a session', async () => {
    const { origin } = new URL(examplesUrl);
    const token = await server.token({ admin: true });
    const session = await call(`${server.url}/v1/session`, { method: 'POST', token });
    const cookie = session.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const postId = '01980f0e-9b40-7c21-9d00-2e6f7a1b0002';
    for (const [path, methods] of Object.entries(openApi(examplesUrl).paths)) {
      for (const [method, { security }] of Object.entries(methods)) {
        const at = path.replace('{channelId}', 'nothing').replace('{postId}', postId);
        const headers = { cookie, origin, 'content-type': path === '/v1/import' ? 'application/x-ndjson' : 'application/json' };
        const { status } = await call(server.url + at, { method: method.toUpperCase(), headers });
        const isEnough = security.some((known) => 'session' in known || Object.keys(known).length === 0);
        expect([method, path, status === 401]).toEqual([method, path, !isEnough]);
      }
    }
  });
});

describe('the page at /docs', () => {
  let page: string;
  let headers: Headers;
  beforeAll(async () => {
    await using server = await startTestServer({ PRESSBOX_PUBLIC_URL: examplesUrl });
    const answer = await fetch(`${server.url}/docs`);
    headers = answer.headers;
    page = await answer.text();
  });
  const found = (pattern: RegExp) => [...page.matchAll(pattern)].map(([, one]) => one ?? '');

  it('is complete without a script and loads nothing from other servers', () => {
    expect(headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(page).not.toMatch(/<script|<style|\sstyle=|\son\w+=/);
    const styles = found(/<link rel="stylesheet" href="([^"]*)"/g);
    expect(styles).not.toEqual([]);
    expect(styles.filter((href) => !href.startsWith(`${testedBasePath()}/assets/`))).toEqual([]);
    expect(page).not.toMatch(/<(?:img|iframe|video|object|embed)\b/);
  });

  it('shows every operation, message, problem and schema once, with its own anchor', () => {
    const ids = found(/\sid="([^"]*)"/g);
    expect(ids.length).toBe(new Set(ids).size);
    for (const { id } of operations) expect(ids).toContain(id);
    for (const { name } of socketMessages) expect(ids).toContain(`socket-${name}`);
    for (const { name } of streamMessages) expect(ids).toContain(`stream-${name}`);
    for (const code of Object.keys(problems)) expect(ids).toContain(`problem-${code}`);
    for (const name of Object.keys(components)) expect(ids).toContain(`schema-${name}`);
    for (const key of Object.keys(recorded)) expect(ids).toContain(key);
  });

  it('has no broken anchor and no skipped heading level', () => {
    const ids = new Set(found(/\sid="([^"]*)"/g));
    expect(found(/href="#([^"]*)"/g).filter((anchor) => !ids.has(anchor))).toEqual([]);
    const levels = found(/<h([1-6])/g).map(Number);
    expect(levels[0]).toBe(1);
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    expect(levels.filter((level, at) => at > 0 && level > levels[at - 1]! + 1)).toEqual([]);
    for (const landmark of ['<main id="content"', '<nav class="contents" aria-label=', 'class="skip" href="#content"'])
      expect(page).toContain(landmark);
  });
});

/** Sends every example to a real server and compares the answers with the documents. */
describe('the examples of the API documents', () => {
  let played: Played;
  beforeAll(async () => {
    played = await playExamples();
  });
  afterAll(() => played.end());

  it('are answered as recorded (run `npm run docs` if not)', () => {
    const answers = Object.fromEntries([...played.answers].map(([key, { recorded }]) => [key, recorded]));
    expect(answers).toEqual(recorded);
    for (const { example, recorded } of played.answers.values())
      expect([keyOf(example), recorded.status]).toEqual([keyOf(example), example.status]);
    expect(Object.fromEntries([...played.messages].map(([key, { recorded }]) => [key, recorded]))).toEqual(recordedMessages);
    expect(readFileSync(join(root, recordedPath), 'utf8')).toBe(recordedText(played));
  });

  it('are answered in the documented form', () => {
    const faults: string[] = [];
    for (const { example, real, text, recorded } of played.answers.values()) {
      const operation = operationOf(example);
      const code = codeOf(recorded);
      const answer = operation.answers.find(({ status }) => status === real.status);
      const form = code !== undefined ? 'Problem' : answer?.schema;
      if (code !== undefined && problemsOf(operation).get(real.status)?.includes(code) !== true) {
        faults.push(`${keyOf(example)}: ${real.status} ${code} is not among its problems`);
      }
      if (code === undefined && answer === undefined) faults.push(`${keyOf(example)}: ${real.status} is not among its answers`);
      if (form !== undefined) faults.push(...faultsOf(form, JSON.parse(text)).map((fault) => `${keyOf(example)}: ${fault}`));
    }
    expect(faults).toEqual([]);
  });

  it('are answered with the documented headers', () => {
    const faults: string[] = [];
    for (const { example, real } of played.answers.values()) {
      const answer = operationOf(example).answers.find(({ status }) => status === real.status);
      for (const name of answer?.headers ?? []) {
        // An answer that is never stored has no entity tag.
        const isUntagged = name === 'ETag' && real.headers.get('cache-control') === 'no-store';
        // A stream that starts needs no retry delay.
        const needNotWait = name === 'Retry-After' && real.status === 200;
        if (!real.headers.has(name) && !isUntagged && !needNotWait && !sometimes.includes(name))
          faults.push(`${keyOf(example)} lacks ${name}`);
      }
      for (const name of telling) {
        const isDocumented = answer?.headers?.includes(name) ?? real.status >= 400;
        if (real.headers.has(name) && !isDocumented) faults.push(`${keyOf(example)} has ${name}, which is not documented`);
      }
    }
    expect(faults).toEqual([]);
    // Each optional header is in at least one answer.
    for (const name of sometimes) {
      expect(
        [...played.answers.values()].some(({ real }) => real.headers.has(name)),
        name,
      ).toBe(true);
    }
  });

  it('show every successful answer of every operation', () => {
    const seen = new Set([...played.answers.values()].map(({ example, real }) => `${example.operation} ${real.status}`));
    const documented = operations.flatMap(({ id, answers }) =>
      answers.filter(({ status }) => status !== 304).map(({ status }) => `${id} ${status}`),
    );
    expect(documented.filter((one) => !seen.has(one))).toEqual([]);
  });

  it('are answered 304 to a client that holds the answer', () => {
    const revalidated = new Set([...played.again.keys()].map((key) => key.split('-', 1)[0]));
    const documented = operations.filter(({ answers }) => answers.some(({ status }) => status === 304)).map(({ id }) => id);
    expect(documented.filter((id) => !revalidated.has(id))).toEqual([]);
    expect([...played.again].filter(([, status]) => status !== 304)).toEqual([]);
  });

  it('match the document in a linter', async () => {
    const document = JSON.parse(JSON.stringify(openApi(examplesUrl))) as {
      paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, { examples?: object }> }> }>>;
    };
    let count = 0;
    for (const { example, real, text } of played.answers.values()) {
      const { path, method } = operationOf(example);
      const content = document.paths[path]?.[method]?.responses[real.status]?.content?.['application/json'];
      if (content?.examples === undefined || text === '') continue;
      content.examples = { ...content.examples, [`real-${keyOf(example)}`]: { value: JSON.parse(text) as unknown } };
      count += 1;
    }
    expect(count).toBeGreaterThan(25);
    const config = await createConfig({ rules: { 'no-invalid-media-type-examples': 'error', 'no-unresolved-refs': 'error' } });
    const faults = await lintFromString({ source: JSON.stringify(document), absoluteRef: 'openapi.json', config });
    expect(faults.map(({ message, location }) => `${message} ${location[0]?.pointer}`)).toEqual([]);
  });

  it('cover every message of sockets and streams in the documented form', () => {
    const faults: string[] = [];
    for (const example of messageExamples) {
      const { payload, replies } = messages.find(({ name }) => name === example.message)!;
      const said = played.messages.get(messageKey(example))?.real;
      if (replies === undefined) faults.push(...faultsOf(payload, said));
      else {
        faults.push(...faultsOf(payload, example.body));
        if (!replies.some((name) => faultsOf(name, said).length === 0)) faults.push(`${messageKey(example)} has another answer`);
      }
    }
    expect(faults).toEqual([]);
    const shown = new Set(messageExamples.map(({ message }) => message));
    // Only a server on Redis or Valkey sends it. test/server/nodes/nodes.test.ts receives it.
    expect(messages.map(({ name }) => name).filter((name) => !shown.has(name))).toEqual(['store']);
    expect(faultsOf('Store', storeExample)).toEqual([]);
  });
});

describeWith(needs.curl, 'the curl commands of the examples', () => {
  it('do the same as the examples', async () => {
    await using server = await startTestServer();
    await using shell = openShell(tmpdir(), { PATH: process.env.PATH, PRESSBOX_TOKEN: await server.token() });
    const writes = examples.filter(
      ({ body, status, token, type }) => body !== undefined && status < 300 && !token && type === undefined,
    );
    const lines: string[] = [];
    for (const example of writes.slice(0, 3)) {
      const out = await shell.run(curlOf(example, server.url));
      lines.push(out.split('\r\n', 1)[0] ?? '');
    }
    const [snapshot] = examples.filter(({ operation, status }) => operation === 'getSnapshot' && status === 200);
    const out = await shell.run(curlOf(snapshot!, server.url));
    expect([...lines, out.split('\r\n', 1)[0]]).toEqual([
      'HTTP/1.1 201 Created',
      'HTTP/1.1 201 Created',
      'HTTP/1.1 201 Created',
      'HTTP/1.1 200 OK',
    ]);
    expect(out).toContain('First contact');
  });
});

/** Headers that must be documented wherever they appear. Every answer has the other headers. */
const telling: readonly AnswerHeader[] = ['Location', 'Link', 'Idempotency-Replayed', 'Retry-After'];
/** Documented headers that only some answers have. */
const sometimes: readonly AnswerHeader[] = ['Link', 'Idempotency-Replayed'];

function faultsOf(form: ComponentName, value: unknown): string[] {
  const result = components[form].schema.safeParse(value);
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${form} ${path.join('.')}: ${message}`);
}
