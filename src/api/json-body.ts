import { type FieldError, Refusal } from '../protocol/problems.ts';
import { placeOf } from '../protocol/schemas.ts';
import { limits } from '../protocol/wire-limits.ts';
import { malformedAt } from './malformed-json.ts';

/**
 * Parses the JSON object in a body. It must be UTF-8, must not nest deeper than `bodyNesting`, and must not repeat a name in an
 * object, because a proxy or a library that read the body before may have used the other value. A name such as `__proto__` is an
 * ordinary field, which the schemas refuse as unknown. A refusal of malformed JSON states its line and column, counted from
 * `firstLine`, and never quotes the body.
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

/** The text before the first invalid UTF-8 sequence. `bytes` must contain one. */
function utf8Before(bytes: Uint8Array): string {
  const replaced = Buffer.from(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes));
  let at = replaced.findIndex((byte, index) => byte !== bytes[index]);
  // The first bytes of a replacement character can equal the bytes that it replaces, so this goes back to its first byte.
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
    // The message of JSON.parse quotes the body, and does not always state a position.
    const at = malformedAt(json);
    const place = placeAfter(json.slice(0, at), firstLine);
    throw notAnObject(at === json.length ? `The JSON ends too early, at ${place}.` : `The JSON is malformed at ${place}.`);
  }
}

/** The position after the text. Lines and columns count from 1. Columns are characters. */
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

/** An object or array that is not closed yet. `at`: the name or the index (from 0) of the member that is being read. */
type Open = { names: Set<string>; at: string } | { names: null; at: number };

const { bodyNesting: nestingMost } = limits;

/** Finds a repeated name or too deep nesting, which JSON.parse accepts. `json` must be valid JSON. */
function faultOf(json: string): FieldError | undefined {
  const open: Open[] = [];
  const fault = (message: string) => ({ path: placeOf(open.map((one) => one.at)), message });
  let nameFollows = false;
  for (let at = 0; at < json.length; at += 1) {
    const inside = open.at(-1);
    if (open.length > nestingMost) return fault('Must not nest this deeply.');
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
          // Decoded, because escapes can spell the same name differently.
          const name = JSON.parse(json.slice(at, end + 1)) as string;
          inside.at = name;
          if (inside.names.has(name)) return fault('Must not be repeated.');
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
    // An even number of backslashes escapes only backslashes, so the quotation mark is not escaped and ends the string.
    if (backslashes % 2 === 0) return end;
  }
}
