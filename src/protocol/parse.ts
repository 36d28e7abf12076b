import type { z } from 'zod';
import { type FieldError, Refusal } from './problems.ts';
import { limits } from './wire-limits.ts';

/** From what someone sent to what a schema makes of it, or to sentences about what did not fit. */

/** The value, or a refusal with code `invalid-body` that names every place that did not fit. */
export function parse<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value, { error: sentenceFor });
  if (result.success) return result.data;
  throw new Refusal('invalid-body', { errors: fieldErrors(result.error) });
}

/**
 * As `parse`, of a value that stands in a journal already and is kept as it is: invisible characters alone are taken, as they were when it
 * was written. Returns nothing, so a schema that transforms has no place here.
 */
export function parseJournalled(schema: z.ZodType, value: unknown): void {
  const { error } = schema.safeParse(value, { error: sentenceFor });
  const issues = error?.issues.filter((issue) => !(issue.code === 'custom' && issue.params?.invisible)) ?? [];
  if (issues.length > 0) throw new Refusal('invalid-body', { errors: errorsOf(issues) });
}

const { problemErrors: errorsMost, placeNameCharacters: nameCharacters, placeDepth: depthMost } = limits;

/** One for each place that did not fit, an unknown field being a place. */
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

/** A place in what was sent, such as `media[2].url`. Names that a stranger chose are cut, and end in an ellipsis. */
export function placeOf(path: readonly PropertyKey[]): string {
  return path.slice(0, depthMost).reduce<string>((whole, part) => {
    if (typeof part === 'number') return `${whole}[${part}]`;
    const name = String(part).length > nameCharacters ? `${String(part).slice(0, nameCharacters - 1)}…` : String(part);
    return whole === '' ? name : `${whole}.${name}`;
  }, '');
}

/**
 * What is said of a value that has not the form expected, where its schema says nothing of its own: a sentence for the developer of an
 * editor. Written out here, since the words of the library may change with it.
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

const unfit = 'Does not have the form that is expected.';

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
  const said = value.toLocaleString('en');
  const [one, many] = counted[origin] ?? [];
  return one === undefined ? `be ${which} ${said}` : `have ${which} ${said} ${value === 1 ? one : many}`;
}

const counted: Partial<Record<string, [one: string, many: string]>> = {
  array: ['entry', 'entries'],
  string: ['character', 'characters'],
};
