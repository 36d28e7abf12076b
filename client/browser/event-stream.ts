import type { EventSourceMessage } from 'eventsource-parser';

/**
 * What browsers load in the place of eventsource-parser: of the text of an event stream (HTML, 9.2.6) what a stream of ours is read for,
 * the name and the data of each message. Decoding has taken the byte order mark away.
 */
export interface ParserOptions {
  /** Characters of what is not yet a whole message. Past it the stream is read no further. */
  maxBufferSize: number;
  onEvent(message: EventSourceMessage): void;
  onError(error: { type: 'max-buffer-size-exceeded' }): void;
}

/** A carriage return at the end of what is there may be half of a line's end. */
const lineEnd = /\r\n|\n|\r(?!$)/;

export function createParser({ maxBufferSize, onEvent, onError }: ParserOptions): { feed(text: string): void } {
  let begun = '';
  let event: string | undefined;
  let data: string[] = [];
  let size = 0;

  function read(line: string): void {
    if (line === '') {
      if (data.length > 0) onEvent({ id: undefined, event, data: data.join('\n') });
      event = undefined;
      data = [];
      size = 0;
      return;
    }
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'event') event = value || undefined;
    if (field !== 'data') return;
    data.push(value);
    size += value.length + 1;
  }

  return {
    feed(text) {
      if (size > maxBufferSize) return;
      begun += text;
      // A message may be long and come in many pieces, of which only the last has an end.
      if (/[\r\n]/.test(text)) {
        const lines = begun.split(lineEnd);
        begun = lines.pop() ?? '';
        for (const line of lines) read(line);
      }
      if (size + begun.length <= maxBufferSize) return;
      size = Number.POSITIVE_INFINITY;
      begun = '';
      onError({ type: 'max-buffer-size-exceeded' });
    },
  };
}
