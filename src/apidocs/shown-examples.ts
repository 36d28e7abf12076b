import type { ProblemCode } from '../protocol/problems.ts';
import { type Example, keyOf } from './example.ts';
import { examples } from './examples.ts';
import type { Operation } from './operation.ts';
import { operations } from './operations.ts';
import { type RecordedAnswer, recorded } from './recorded-answers.ts';

/** The examples with what was answered to them, as they are shown. */
export interface Shown {
  key: string;
  example: Example;
  answer: RecordedAnswer;
}

/** Until it is recorded an example is not shown. */
const all: readonly Shown[] = examples.flatMap((example) => {
  const answer = recorded[keyOf(example)];
  return answer === undefined ? [] : [{ key: keyOf(example), example, answer }];
});

export function shownOf({ id }: Operation): Shown[] {
  return all.filter(({ example }) => example.operation === id);
}

/** Those of an operation with this status, but for problems. */
export function answersOf(operation: Operation, status: number): Shown[] {
  return shownOf(operation).filter(({ answer }) => answer.status === status && answer.headers['content-type'] !== problemType);
}

/** The first that was refused with this code, whatever it asked for. */
export function shownWithCode(code: ProblemCode): Shown[] {
  const found = all.find(({ answer }) => codeOf(answer) === code);
  return found === undefined ? [] : [found];
}

/** The code of the problem that was answered; undefined where it was none. */
export function codeOf({ headers, body }: RecordedAnswer): ProblemCode | undefined {
  return headers['content-type'] === problemType ? (body as { code: ProblemCode }).code : undefined;
}

const problemType = 'application/problem+json';

export function operationOf({ operation }: Pick<Example, 'operation'>): Operation {
  const found = operations.find(({ id }) => id === operation);
  if (found === undefined) throw new Error(`An example is of an operation that is not there: ${operation}`);
  return found;
}

/** Path and query of an example. */
export function addressOf(example: Example): string {
  const path = operationOf(example).path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = example.path?.[name];
    if (value === undefined) throw new Error(`The example ${keyOf(example)} lacks ${name}.`);
    return value;
  });
  const query = Object.entries(example.query ?? {}).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return query.length === 0 ? path : `${path}?${query.join('&')}`;
}

/** The request as somebody would try it in a shell, the token being in `PRESSBOX_TOKEN`. */
export function curlOf(example: Example, url: string): string {
  const { as, token, headers = {}, body, type = 'application/json' } = example;
  const method = operationOf(example).method.toUpperCase();
  const bearer = token ?? (as && '$PRESSBOX_TOKEN');
  const lines = [
    // A query may hold what a shell reads.
    `curl -i${method === 'GET' || (method === 'POST' && body !== undefined) ? '' : ` -X ${method}`} '${url}${addressOf(example)}'`,
    ...(bearer === undefined ? [] : [`-H "Authorization: Bearer ${bearer}"`]),
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : type === formType ? formLines(body as Form) : jsonLines(body, type)),
  ];
  return lines.join(' \\\n  ');
}

/** A field of a form that stands for the token. */
const tokenField = '$PRESSBOX_TOKEN';
const formType = 'application/x-www-form-urlencoded';
type Form = Readonly<Record<string, string>>;

/** The body as it is sent. */
export function bodyOf({ body, type }: Example, token = ''): string | undefined {
  if (body === undefined) return undefined;
  if (type !== formType) return JSON.stringify(body);
  const fields = Object.entries(body as Form).map(([name, value]) => [name, value === tokenField ? token : value]);
  return new URLSearchParams(fields).toString();
}

function formLines(form: Form): string[] {
  return Object.entries(form).map(([name, value]) => {
    return `--data-urlencode ${value === tokenField ? `"${name}=${value}"` : quoted(`${name}=${value}`)}`;
  });
}

function jsonLines(body: unknown, type: string): string[] {
  return [`-H 'Content-Type: ${type}'`, `-d ${quoted(JSON.stringify(body, null, isLines(type) ? 0 : 2))}`];
}

/** As one word of a shell, whatever stands in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Of lines each is a value of its own. */
function isLines(type: string): boolean {
  return type === 'application/x-ndjson';
}
