import * as library from 'eventsource-parser';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createParser } from '../../../client/browser/event-stream.ts';

interface Said {
  event: string | undefined;
  data: string;
}

/** The messages parsed from a stream in these pieces. */
function heard(create: typeof createParser, pieces: readonly string[], maxBufferSize = 1_000): (Said | string)[] {
  const all: (Said | string)[] = [];
  const parser = create({
    maxBufferSize,
    onEvent: ({ event, data }) => void all.push({ event, data }),
    onError: ({ type }) => void all.push(type),
  });
  for (const piece of pieces) parser.feed(piece);
  return all;
}

const quiet: typeof createParser = (options) => library.createParser({ ...options, onError: () => {} });

it('the event stream parser for browsers matches the library, however the stream is split', () => {
  const parts = [
    'data',
    'event',
    'id',
    'retry',
    ':',
    ': ',
    ' ',
    'x',
    'catchup',
    '{"a":1}',
    '\n',
    '\n\n',
    '\r\n',
    '\r\n\r\n',
    '\r',
  ];
  const piece = fc.array(fc.constantFrom(...parts), { maxLength: 8 }).map((words) => words.join(''));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      // After a carriage return at the end of a piece, the parser waits for more, so another message follows.
      const whole = [...pieces, 'x\n\n'];
      expect(heard(createParser, whole)).toEqual(heard(quiet, whole));
    }),
    { numRuns: 2_000 },
  );
});

it('a message that exceeds the limit ends parsing, whether it is one line or many', () => {
  const long = 'x'.repeat(60);
  for (const pieces of [
    [`data: ${long}`, long],
    [`data: ${long}\n`, `data: ${long}\n`],
  ])
    expect(heard(createParser, ['data: short\n\n', ...pieces, '\n\ndata: late\n\n'], 100)).toEqual([
      { event: undefined, data: 'short' },
      'max-buffer-size-exceeded',
    ]);
});
