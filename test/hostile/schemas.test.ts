import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { AuthorPost } from '../../src/protocol/model.ts';
import { problems } from '../../src/protocol/problems.ts';
import * as schemas from '../../src/protocol/schemas.ts';
import { type AttackedServer, startAttackedServer } from '../support/attacks/attacked-server.ts';
import { createChannel, publish } from '../support/authors/writers.ts';
import { openReader } from '../support/readers/socket-reader.ts';
import { fromSchema, garbage, nearly } from '../support/samples/from-schema.ts';
import { call } from '../support/servers/server.ts';

/**
 * Sends values that fit the schema, values that fit except in one place, and arbitrary values to every write route, every read
 * parameter and every socket message. No answer is a 500, each refusal is a problem document with a known code, and a refusal changes
 * nothing.
 *
 * PRESSBOX_TEST_RUNS sets how many of each are sent, PRESSBOX_TEST_SEED which.
 */

const runs = Number(process.env.PRESSBOX_TEST_RUNS ?? 25);
const seed = Number(process.env.PRESSBOX_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));

let server: AttackedServer;
let token: string;
let post: AuthorPost;

beforeAll(async () => {
  console.log(`schemas: PRESSBOX_TEST_SEED=${seed}`);
  server = await startAttackedServer();
  token = await server.token({ admin: true, editor: ['*'] });
  await createChannel(server, token, { id: 'moon' });
  // This channel changes until it has ended and accepts no posts.
  await createChannel(server, token, { id: 'mars' });
  post = (await publish(server, token, 'moon', { headline: 'One' })).post;
});
afterAll(() => server[Symbol.asyncDispose]());

/** Accepted and refused requests. A run in which everything is refused, or nothing, would show little. */
const taken = new Set<string>();
let refused = 0;

const someId = '01890a5d-ac96-774b-bcce-b302099a8057';
const channel = '/v1/channels/moon';
const postPath = () => `${channel}/posts/${post.id}`;

/** `right`: a value that must be accepted, if one exists. Generated values may be refused by further rules. */
const writes: Record<string, [method: string, path: () => string, schema: z.ZodType, right?: object]> = {
  'a channel': ['POST', () => '/v1/channels', schemas.newChannelSchema, { headline: 'Venus' }],
  'a change of a channel': ['PATCH', () => '/v1/channels/mars', schemas.channelPatchSchema, { section: 'Space' }],
  'a post': ['POST', () => `${channel}/posts`, schemas.newPostSchema, { headline: 'Two' }],
  'a revision': ['POST', () => `${postPath()}/revisions`, schemas.revisionSchema, { kind: 'refile', changes: { body: 'Three' } }],
  'a revision of nothing': ['POST', () => `${channel}/posts/${someId}/revisions`, schemas.revisionSchema],
  'a retraction of nothing': ['POST', () => `${channel}/posts/${someId}/retraction`, schemas.retractionSchema],
  'a takedown of nothing': ['POST', () => `${channel}/posts/${someId}/takedown`, schemas.takedownSchema],
};

const questions: Record<string, [path: () => string, schema: z.ZodType]> = {
  channels: [() => '/v1/channels', schemas.channelsQuerySchema],
  'a snapshot': [() => `${channel}/snapshot`, schemas.snapshotQuerySchema],
  events: [() => `${channel}/events`, schemas.eventsQuerySchema],
  posts: [() => `${channel}/posts`, schemas.postsQuerySchema],
  revisions: [() => `${postPath()}/revisions`, schemas.revisionsQuerySchema],
  corrections: [() => `${channel}/corrections`, schemas.correctionsQuerySchema],
  'the audit trail': [() => `${channel}/journal`, schemas.journalQuerySchema],
  'a page of channels': [() => '/', schemas.channelsQuerySchema],
  'a page of posts': [() => '/live/moon', schemas.postsQuerySchema],
};

const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as object;
const anything = (schema: z.ZodType) => {
  const fits = fromSchema(schemaOf(schema));
  return fc.oneof({ weight: 2, arbitrary: fits }, { weight: 4, arbitrary: nearly(fits) }, { weight: 1, arbitrary: garbage });
};

function expectProblem({ status, headers, body, text }: Awaited<ReturnType<typeof call>>): void {
  expect(status, text).toBeLessThan(500);
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
  const problem = schemas.problemSchema.parse(body);
  expect(Object.keys(problems)).toContain(problem.code);
  expect(problem.status).toBe(status);
  if (problem.code === 'invalid-body' && problem.detail === undefined) expect(problem.errors?.length, text).toBeGreaterThan(0);
  for (const error of problem.errors ?? [])
    expect(error).toEqual({ path: expect.any(String), message: expect.stringMatching(/^\S.{4,}/) });
}

describe('an arbitrary write', () => {
  it.each(Object.entries(writes))('as %s', async (what, [method, path, schema, right]) => {
    const headers = fc.record(
      {
        'if-match': fc.oneof(
          { weight: 5, arbitrary: fc.constant('*') },
          { weight: 1, arbitrary: fc.constantFrom('"1"', '1', 'W/"2"') },
          { weight: 1, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 9 }) },
        ),
        'idempotency-key': fc.oneof(
          { weight: 3, arbitrary: fc.uuid() },
          { weight: 1, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 300 }) },
        ),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(anything(schema), headers, async (body, asked) => {
        const before = await server.state();
        const kept = Object.entries(asked).filter(([, value]) => /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value));
        const given = { 'if-match': '*', ...Object.fromEntries(kept) };
        const answer = await call(server.url + path(), {
          method,
          token,
          body: JSON.stringify(body) ?? 'nothing',
          headers: given,
        });
        expect(answer.status, answer.text).toBeLessThan(500);
        if (answer.status < 300) {
          taken.add(what);
          return;
        }
        refused += 1;
        expectProblem(answer);
        expect(await server.state()).toBe(before);
      }),
      { numRuns: runs, seed, examples: right === undefined ? [] : [[right, {}]] },
    );
  });
});

describe('an arbitrary read parameter', () => {
  it.each(Object.entries(questions))('is accepted or refused, never a 500: %s', async (_what, [path, schema]) => {
    await fc.assert(
      fc.asyncProperty(anything(schema), async (query) => {
        const pairs = typeof query === 'object' && query !== null ? Object.entries(query) : [['limit', query]];
        const asked = new URLSearchParams(pairs.map(([name, value]) => [String(name), wellFormed(value)]));
        const answer = await call(`${server.url}${path()}?${asked}`, {
          ...(path().startsWith('/v1') && { token }),
          headers: { accept: 'application/json' },
        });
        expect(answer.status, answer.text).toBeLessThan(500);
        if (answer.status >= 400) expectProblem(answer);
      }),
      { numRuns: runs, seed },
    );
  });
});

describe('an arbitrary socket message', () => {
  it.each(Object.entries({ subscribe: schemas.subscribeSchema, unsubscribe: schemas.unsubscribeSchema }))(
    'as %s',
    async (name, schema) => {
      const before = await server.state();
      let reader = await openReader(server.url);
      await fc.assert(
        fc.asyncProperty(anything(schema), async (message) => {
          if (!reader.isOpen) reader = await openReader(server.url);
          const said = await reader.ask(name, message).catch(() => undefined);
          // A socket with too many bad messages is disconnected. Open a new one.
          if (said === undefined || said.ok) return;
          expect(said.problem.status, JSON.stringify(said)).toBeLessThan(500);
          expect(schemas.problemSchema.safeParse(said.problem).success).toBe(true);
        }),
        { numRuns: runs, seed },
      );
      reader.destroy();
      expect(await server.state()).toBe(before);
    },
  );
});

/** Encoded for a URL. */
function wellFormed(value: unknown): string {
  return (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).toWellFormed();
}

it('some arbitrary writes were accepted and some refused', () => {
  const rightful = Object.entries(writes).filter(([, [, , , right]]) => right !== undefined);
  expect([...taken]).toEqual(rightful.map(([what]) => what));
  expect(refused).toBeGreaterThan(runs);
});

it('the log contains no token', () => server.expectCleanLog());
