import { must, mustEqual } from '../assertions.ts';
import type { Case } from '../case.ts';

/**
 * Which answers are compressed. All other answers must not be: their length would reveal their content, or events would wait in
 * the compressor.
 */
export const compressionCases: readonly Case[] = [
  {
    name: 'compression/public-answers',
    rule: 'A public answer of 1 kB or more is compressed with gzip if the request accepts gzip, and then has a different entity tag.',
    async run(context) {
      const { path } = await context.channel();
      await context.publish(path, { body: long });
      const ask = { token: null, headers: { 'accept-encoding': 'gzip' } };
      const packed = await context.mustAnswer(200, `${path}/snapshot`, ask);
      const plain = await context.mustAnswer(200, `${path}/snapshot`, {
        token: null,
        headers: { 'accept-encoding': 'identity' },
      });
      mustEqual(codingOf(packed), 'gzip', 'Content-Encoding if the request accepts gzip');
      mustEqual(codingOf(plain), null, 'Content-Encoding if the request accepts none');
      mustEqual(packed.body, plain.body, 'What the compressed answer says');
      for (const { headers } of [packed, plain])
        must(/\baccept-encoding\b/i.test(headers.get('vary') ?? ''), `Vary is ${headers.get('vary')}.`);
      const [etag, plainEtag] = [packed, plain].map(({ headers }) => headers.get('etag') ?? '');
      must(etag !== plainEtag, `Both answers have the entity tag ${etag}.`);
      await context.mustAnswer(304, `${path}/snapshot`, { ...ask, headers: { ...ask.headers, 'if-none-match': etag ?? '' } });
    },
  },
  {
    name: 'compression/other-answers',
    rule: 'Answers to a token or a session, answers that wait, and streams are not compressed, whatever the request accepts.',
    async run(context) {
      const { path } = await context.channel();
      const { cursor } = await context.publish(path);
      await context.publish(path, { body: long });
      const gzip = { 'accept-encoding': 'gzip' };
      const cookie = await context.signIn();
      const answers = {
        'an answer to a token': await context.mustAnswer(200, `${path}/snapshot`, { headers: gzip }),
        'an answer to a session': await context.mustAnswer(200, `${path}/snapshot`, {
          token: null,
          headers: { ...gzip, cookie },
        }),
        'an answer that waits': await context.mustAnswer(200, `${path}/events?after=${cursor}&wait=1`, {
          token: null,
          headers: gzip,
        }),
      };
      using stream = await context.stream(`${path}/stream`, { token: null, headers: gzip });
      for (const [what, answer] of Object.entries({ ...answers, 'a stream': stream }))
        mustEqual(codingOf(answer), null, `Content-Encoding of ${what}`);
    },
  },
];

/** A text of more than 1 kB. */
const long = 'It *happens*. '.repeat(200);

function codingOf({ headers }: { headers: Headers }): string | null {
  return headers.get('content-encoding');
}
