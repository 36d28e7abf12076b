import { type FieldError, Refusal } from '../protocol/problems.ts';
import { placeOf } from '../protocol/schemas.ts';
import { limits } from '../protocol/wire-limits.ts';
import { malformedAt } from './malformed-json.ts';

/**
 * The JSON object in a body. UTF-8 alone, no deeper than anything of ours, and each name once in its object: of two, whoever looked at
 * the body before us (a proxy, a library of the editor) may have believed the other. A name such as `__proto__` is a field like any
 * other, and unknown to our schemas. A refusal of malformed JSON names its line and column, counted from `firstLine`, and quotes nothing.
 */
export function jsonObjectOf(bytes: Uint8Array, { firstLine = 1 }: { firstLine?: number } = {}): object {
  const json = textOf(bytes, firstLine);
  const value = parsed(json, firstLine);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw notAnObject();
  const fault = faultOf(json);
  if (fault !== undefined) throw new Refusal('invalid-body', { errors: [fault] });
  return value;
}

function textOf(bytes: Uint8Array, firstLine: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw notAnObject(`The bytes are not UTF-8 at ${placeAfter(utf8Before(bytes), firstLine)}.`);
  }
}

/** The text before the first bytes that are not UTF-8, of bytes that hold such. */
function utf8Before(bytes: Uint8Array): string {
  const replaced = Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
  let at = replaced.findIndex((byte, index) => byte !== bytes[index]);
  // A replacement character may begin with the bytes that it replaces.
  while (isContinuation(replaced[at])) at -= 1;
  return new TextDecoder().decode(replaced.subarray(0, at));
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0b1100_0000) === 0b1000_0000;
}

function parsed(json: string, firstLine: number): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // The parser's own message quotes the body, and does not always name a place.
    const at = malformedAt(json);
    const place = placeAfter(json.slice(0, at), firstLine);
    throw notAnObject(at === json.length ? `The JSON ends too early, at ${place}.` : `The JSON is malformed at ${place}.`);
  }
}

/** The place right after a text. Lines and columns count from 1, and columns are characters. */
function placeAfter(text: string, firstLine: number): string {
  let line = firstLine;
  let column = 1;
  for (const character of text) {
    if (character === '\n') {
      line += 1;
      column = 1;
    } else column += 1;
  }
  return `line ${line}, column ${column}`;
}

function notAnObject(why?: string): Refusal {
  const message = ['Must be a JSON object in UTF-8.', ...(why === undefined ? [] : [why])].join(' ');
  return new Refusal('invalid-body', { errors: [{ path: '', message }] });
}

/** An object or list that is open where one reads, and what of it was read last: a name, or a place from 0. */
type Open = { names: Set<string>; at: string } | { names: null; at: number };

const { bodyNesting: nestingMost } = limits;

/** The first fault that parsing does not see. `json` must be JSON. */
function faultOf(json: string): FieldError | undefined {
  const open: Open[] = [];
  const fault = (message: string) => ({ path: placeOf(open.map((one) => one.at)), message });
  let nameFollows = false;
  for (let at = 0; at < json.length; at += 1) {
    const inside = open.at(-1);
    if (open.length > nestingMost) return fault('Must not nest so deeply.');
    switch (json[at]) {
      case '{':
        open.push({ names: new Set(), at: '' });
        nameFollows = true;
        break;
      case '[':
        open.push({ names: null, at: 0 });
        nameFollows = false;
        break;
      case '}':
      case ']':
        open.pop();
        nameFollows = false;
        break;
      case ',':
        if (inside?.names === null) inside.at += 1;
        nameFollows = inside !== undefined && inside.names !== null;
        break;
      case '"': {
        const end = endOfString(json, at);
        if (nameFollows && inside !== undefined && inside.names !== null) {
          // Read as JSON: an escape is another spelling of the same name.
          const name = JSON.parse(json.slice(at, end + 1)) as string;
          inside.at = name;
          if (inside.names.has(name)) return fault('Must not stand twice.');
          inside.names.add(name);
        }
        nameFollows = false;
        at = end;
      }
    }
  }
  return undefined;
}

function endOfString(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); ; end = json.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (json[end - 1 - backslashes] === '\\') backslashes += 1;
    // Each pair of them is one that is written, and says nothing of the quotation mark.
    if (backslashes % 2 === 0) return end;
  }
}
