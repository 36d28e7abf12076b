import type { EventSourceMessage } from 'eventsource-parser';

/**
 * Replaces eventsource-parser in browsers. Parses only what a Pressbox stream needs from an event stream (HTML, 9.2.6): the name
 * and data of each message. The decoder has already removed the byte order mark.
 */
export interface ParserOptions {
  /** The maximum length of an incomplete message in characters. A longer message stops the parser. */
  maxBufferSize: number;
  onEvent(message: EventSourceMessage): void;
  onError(error: { type: 'max-buffer-size-exceeded' }): void;
}

/** A carriage return at the end of the buffer may be the first half of a line end. */
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
      // A long message arrives in many pieces; only the last one has a line end.
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
