import type { ProblemCode } from '../protocol/problems.ts';
import { type Example, keyOf } from './example.ts';
import { examples } from './examples.ts';
import type { Operation } from './operation.ts';
import { operations } from './operations.ts';
import { type RecordedAnswer, recorded } from './recorded-answers.ts';

/** An example with its recorded answer. */
export interface ShownExample {
  key: string;
  example: Example;
  answer: RecordedAnswer;
}

/** Examples that have not been recorded yet are left out. */
const all: readonly ShownExample[] = examples.flatMap((example) => {
  const answer = recorded[keyOf(example)];
  return answer === undefined ? [] : [{ key: keyOf(example), example, answer }];
});

export function shownOf({ id }: Operation): ShownExample[] {
  return all.filter(({ example }) => example.operation === id);
}

/** The examples of an operation that were answered with this status, except problems. */
export function answersOf(operation: Operation, status: number): ShownExample[] {
  return shownOf(operation).filter(({ answer }) => answer.status === status && answer.headers['content-type'] !== problemType);
}

/** The first example that was refused with this code, in any operation. */
export function shownWithCode(code: ProblemCode): ShownExample[] {
  const found = all.find(({ answer }) => codeOf(answer) === code);
  return found === undefined ? [] : [found];
}

/** The problem code of an answer. Undefined if the answer is not a problem. */
export function codeOf({ headers, body }: RecordedAnswer): ProblemCode | undefined {
  return headers['content-type'] === problemType ? (body as { code: ProblemCode }).code : undefined;
}

const problemType = 'application/problem+json';

export function operationOf({ operation }: Pick<Example, 'operation'>): Operation {
  const found = operations.find(({ id }) => id === operation);
  if (found === undefined) throw new Error(`An example names an operation that does not exist: ${operation}`);
  return found;
}

/** The path and query of an example. */
export function addressOf(example: Example): string {
  const path = operationOf(example).path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = example.path?.[name];
    if (value === undefined) throw new Error(`The example ${keyOf(example)} lacks ${name}.`);
    return value;
  });
  const query = Object.entries(example.query ?? {}).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return query.length === 0 ? path : `${path}?${query.join('&')}`;
}

/** The request as a curl command for a shell, with the token in `PRESSBOX_TOKEN`. */
export function curlOf(example: Example, url: string): string {
  const { as, token, link, headers = {}, body, file, type = 'application/json' } = example;
  const method = operationOf(example).method.toUpperCase();
  const bearer = token ?? (as && '$PRESSBOX_TOKEN') ?? (link && '$CODE');
  const lines = [
    // A query can contain characters that a shell interprets.
    `curl -i${method === 'GET' || (method === 'POST' && (body ?? file) !== undefined) ? '' : ` -X ${method}`} '${url}${addressOf(example)}'`,
    ...(bearer === undefined ? [] : [`-H "Authorization: Bearer ${bearer}"`]),
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(file === undefined ? [] : [`-H 'Content-Type: ${type}'`, `--data-binary @${file}`]),
    ...(body === undefined ? [] : type === formType ? formLines(body as Form) : jsonLines(body, type)),
  ];
  return lines.join(' \\\n  ');
}

/** The value of a form field that stands for the token. */
const tokenField = '$PRESSBOX_TOKEN';
const formType = 'application/x-www-form-urlencoded';
type Form = Readonly<Record<string, string>>;

/** The body of the request. */
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

/** The text quoted as one shell word. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Whether JSON in a body of this type is one line. */
function isLines(type: string): boolean {
  return type === 'application/x-ndjson' || type === 'application/vnd.pressbox.media';
}
