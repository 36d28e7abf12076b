import type { z } from 'zod';
import { type FieldError, Refusal } from './problems.ts';
import { limits } from './wire-limits.ts';

/** Parses input with a schema, and turns its errors into sentences for a person. */

/** The parsed value. Throws a `Refusal` with `invalid-body` that names each value that did not fit. */
export function parse<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value, { error: sentenceFor });
  if (result.success) return result.data;
  throw new Refusal('invalid-body', { errors: fieldErrors(result.error) });
}

/**
 * Like `parse`, for a value from a journal, which is kept unchanged. Accepts text that has only invisible characters, because
 * older versions did. Returns nothing, so a schema that transforms must not be used here.
 */
export function parseJournalled(schema: z.ZodType, value: unknown): void {
  const { error } = schema.safeParse(value, { error: sentenceFor });
  const issues = error?.issues.filter((issue) => !(issue.code === 'custom' && issue.params?.invisible)) ?? [];
  if (issues.length > 0) throw new Refusal('invalid-body', { errors: errorsOf(issues) });
}

const { problemErrors: errorsMost, placeNameCharacters: nameCharacters, placeDepth: depthMost } = limits;

/** One error for each value that did not fit and each unknown field. */
export function fieldErrors(error: z.ZodError): FieldError[] {
  return errorsOf(error.issues);
}

function errorsOf(issues: readonly z.core.$ZodIssue[]): FieldError[] {
  const errors = issues.slice(0, errorsMost).flatMap((issue): FieldError[] => {
    if (issue.code !== 'unrecognized_keys') return [{ path: placeOf(issue.path), message: issue.message }];
    return issue.keys.slice(0, errorsMost).map((key) => ({ path: placeOf([...issue.path, key]), message: issue.message }));
  });
  return errors.slice(0, errorsMost);
}

/** The path of a value, such as `media[2].url`. Long field names, which the client chose, are cut and end with an ellipsis. */
export function placeOf(path: readonly PropertyKey[]): string {
  return path.slice(0, depthMost).reduce<string>((whole, part) => {
    if (typeof part === 'number') return `${whole}[${part}]`;
    const name = String(part).length > nameCharacters ? `${String(part).slice(0, nameCharacters - 1)}…` : String(part);
    return whole === '' ? name : `${whole}.${name}`;
  }, '');
}

/**
 * The message for a value that did not fit, if its schema has no message of its own. Written out here because the messages of the library
 * can change between versions.
 */
const sentenceFor: z.core.$ZodErrorMap = (issue) => {
  if (issue.input === undefined && issue.code.startsWith('invalid_')) return 'Is required.';
  switch (issue.code) {
    case 'invalid_type':
      return `Must be ${types[issue.expected] ?? 'of another type'}.`;
    case 'invalid_value':
      return oneOf(issue.values.map(String));
    case 'invalid_union':
      return 'options' in issue && Array.isArray(issue.options) ? oneOf(issue.options.map(String)) : unfit;
    case 'too_big':
      return `Must ${bound('at most', Number(issue.maximum), issue.origin)}.`;
    case 'too_small':
      return `Must ${bound('at least', Number(issue.minimum), issue.origin)}.`;
    case 'unrecognized_keys':
      return 'Is not a known field.';
    default:
      return unfit;
  }
};

const unfit = 'Does not have the expected form.';

const types: Partial<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

function oneOf(values: string[]): string {
  return values.length === 1 ? `Must be ${values[0]}.` : `Must be one of ${values.join(', ')}.`;
}

/** "have at most 20 entries", "be at least 1". */
function bound(which: string, value: number, origin: string): string {
  const number = value.toLocaleString('en');
  const [one, many] = counted[origin] ?? [];
  return one === undefined ? `be ${which} ${number}` : `have ${which} ${number} ${value === 1 ? one : many}`;
}

const counted: Partial<Record<string, [one: string, many: string]>> = {
  array: ['entry', 'entries'],
  string: ['character', 'characters'],
};
