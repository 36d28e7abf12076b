/** What may follow at this point of the text. */
type State = 'value' | 'first item' | 'first name' | 'name' | 'colon' | 'after a value';

const mayClose: ReadonlySet<State> = new Set(['first item', 'first name', 'after a value']);

/** `at`: the index after the token or, if the token is malformed, of the first wrong character. */
interface Token {
  isWhole: boolean;
  at: number;
}

/**
 * Finds where a text stops being JSON (RFC 8259). Returns the index of the first wrong character, the length of the text if it
 * ends too early, or undefined if it is valid JSON. Reads the text once, and never recurses, so deep nesting is safe.
 */
export function malformedAt(text: string): number | undefined {
  const closers: ('}' | ']')[] = [];
  let state: State = 'value';
  let at = 0;
  for (;;) {
    while (isSpace(text[at])) at += 1;
    const closer = closers.at(-1);
    const next = text[at];
    if (next === undefined) return state === 'after a value' && closer === undefined ? undefined : at;
    if (next === closer && mayClose.has(state)) {
      closers.pop();
      state = 'after a value';
      at += 1;
      continue;
    }
    switch (state) {
      case 'after a value':
        if (closer === undefined || next !== ',') return at;
        state = closer === '}' ? 'name' : 'value';
        at += 1;
        break;
      case 'colon':
        if (next !== ':') return at;
        state = 'value';
        at += 1;
        break;
      case 'first name':
      case 'name': {
        if (next !== '"') return at;
        const name = stringFrom(text, at);
        if (!name.isWhole) return name.at;
        state = 'colon';
        at = name.at;
        break;
      }
      case 'first item':
      case 'value': {
        if (next === '{' || next === '[') {
          closers.push(next === '{' ? '}' : ']');
          state = next === '{' ? 'first name' : 'first item';
          at += 1;
          break;
        }
        const scalar = scalarFrom(text, at);
        if (!scalar.isWhole) return scalar.at;
        state = 'after a value';
        at = scalar.at;
      }
    }
  }
}

function scalarFrom(text: string, start: number): Token {
  switch (text[start]) {
    case '"':
      return stringFrom(text, start);
    case 't':
      return wordFrom(text, start, 'true');
    case 'f':
      return wordFrom(text, start, 'false');
    case 'n':
      return wordFrom(text, start, 'null');
    default:
      return numberFrom(text, start);
  }
}

function wordFrom(text: string, start: number, word: string): Token {
  let length = 0;
  while (length < word.length && text[start + length] === word[length]) length += 1;
  return { isWhole: length === word.length, at: start + length };
}

function stringFrom(text: string, start: number): Token {
  let at = start + 1;
  for (;;) {
    const next = text[at];
    if (next === undefined || next < ' ') return { isWhole: false, at };
    at += 1;
    if (next === '"') return { isWhole: true, at };
    if (next !== '\\') continue;
    const escaped = text[at];
    if (escaped === undefined || !'"\\/bfnrtu'.includes(escaped)) return { isWhole: false, at };
    at += 1;
    if (escaped !== 'u') continue;
    for (const end = at + 4; at < end; at += 1) if (!isHexDigit(text[at])) return { isWhole: false, at };
  }
}

function numberFrom(text: string, start: number): Token {
  let at = text[start] === '-' ? start + 1 : start;
  if (!isDigit(text[at])) return { isWhole: false, at };
  at = text[at] === '0' ? at + 1 : afterDigits(text, at);
  if (text[at] === '.') {
    at += 1;
    if (!isDigit(text[at])) return { isWhole: false, at };
    at = afterDigits(text, at);
  }
  if (text[at] === 'e' || text[at] === 'E') {
    at += 1;
    if (text[at] === '+' || text[at] === '-') at += 1;
    if (!isDigit(text[at])) return { isWhole: false, at };
    at = afterDigits(text, at);
  }
  return { isWhole: true, at };
}

function afterDigits(text: string, start: number): number {
  let at = start;
  while (isDigit(text[at])) at += 1;
  return at;
}

function isSpace(character: string | undefined): boolean {
  return character === ' ' || character === '\n' || character === '\r' || character === '\t';
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}

function isHexDigit(character: string | undefined): boolean {
  return isDigit(character) || (character !== undefined && /^[a-f]$/i.test(character));
}
