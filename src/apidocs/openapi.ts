import { z } from 'zod';
import { type ProblemCode, problems } from '../protocol/problems.ts';
import type { ComponentName } from './components.ts';
import { type JsonSchema, refTo, schemasUsedIn, tidy } from './json-schema.ts';
import { limitInWords } from './limit-tables.ts';
import {
  type AnswerHeader,
  answerHeaders,
  audiences,
  groups,
  type Operation,
  type OperationAnswer,
  pathParameters,
  problemsOf,
  type RequestHeader,
  requestHeaders,
} from './operation.ts';
import { operations } from './operations.ts';
import { answersOf, type ShownExample, shownOf, shownWithCode } from './shown-examples.ts';

/** The HTTP interface as an OpenAPI 3.1 document, built from the operations and the schemas. */

export interface OpenApi {
  openapi: string;
  info: object;
  servers: { url: string }[];
  tags: { name: string; description: string }[];
  paths: Record<string, Record<string, OpenApiOperation>>;
  components: Record<string, Record<string, unknown>>;
}

export interface OpenApiOperation {
  operationId: string;
  security: readonly Record<string, readonly string[]>[];
  responses: Record<string, unknown>;
}

/** The version of the wire contract. */
export const wireVersion = '1.0.0';

/** The introduction of the document. */
export const generalText = `What clients of this server can rely on over HTTP. Times are RFC 3339 in UTC with milliseconds. All text except \`body\` and \`html\` is plain: escape it before you show it. Ignore fields, kinds and types that you do not know. The server refuses a request body with an unknown field.

Errors are problem documents (RFC 9457) with a stable \`code\`. With the status 429 or 503, \`Retry-After\` says when to retry.`;

export function openApi(publicUrl: string): OpenApi {
  const refusals = new Map<string, unknown>();
  const paths: OpenApi['paths'] = {};
  for (const operation of operations) {
    const methods = paths[operation.path] ?? {};
    methods[operation.method] = describe(operation, refusals);
    paths[operation.path] = methods;
  }
  const parts = {
    parameters: { ...pathComponents(), ...headerParameters() },
    headers: Object.fromEntries(
      Object.entries(answerHeaders).map(([name, { type, description }]) => [name, { description, schema: { type } }]),
    ),
    responses: Object.fromEntries([...refusals].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Pressbox',
      version: wireVersion,
      summary: 'Live coverage in which every reader converges on the corrected text.',
      description: generalText,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: publicUrl }],
    tags: Object.entries(groups).map(([name, description]) => ({ name, description })),
    paths,
    components: { securitySchemes, ...parts, schemas: schemasUsedIn([paths, parts]) },
  };
}

/** The description of tokens. */
export const tokenText = `A JSON Web Token with \`exp\`, \`iat\`, \`jti\`, \`sub\`, \`aud: "pressbox"\` and \`pressbox: { reader?, author?, editor?, admin? }\`, whose strings are channel ids, prefixes that end in \`*\`, or \`*\`. \`iat\` and the optional \`nbf\` can be up to ${limitInWords('clockSkewMs')} ahead of the server's clock. The server refuses an invalid token even where no token is needed.`;

const securitySchemes = {
  token: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: tokenText,
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-pressbox',
    description:
      'The session of a browser, only for pages of this server. See `POST /v1/session`. Without TLS its name is `pressbox`. The server ignores a session that is not valid and deletes its cookie. If the server cannot check a session at the moment, it keeps the cookie, and answers requests that need the session with `token-invalid` and a time to retry.',
  },
};

const known = [{ token: [] }, { session: [] }];

/**
 * The ways to authenticate, by audience. `{}` stands for a request without a token, which is possible if the channel allows it.
 */
const securityFor = {
  anyone: [{}, ...known],
  token: [{ token: [] }],
  reader: [{}, ...known],
  author: known,
  'its author': known,
  editor: known,
  admin: known,
  operator: [{}],
} satisfies Record<Operation['who'], OpenApiOperation['security']>;

function describe(operation: Operation, refusals: Map<string, unknown>): OpenApiOperation {
  const { id, group, summary, description, who, body, answers } = operation;
  const responses: Record<string, unknown> = {};
  for (const answer of answers) responses[answer.status] = answered(answer, answersOf(operation, answer.status));
  for (const [status, codes] of problemsOf(operation)) {
    // The 503 of the readiness check is a regular answer.
    if (responses[status] !== undefined) continue;
    const name = codes.map(pascal).join('Or');
    refusals.set(name, refused(codes));
    responses[status] = { $ref: `#/components/responses/${name}` };
  }
  return {
    operationId: id,
    tags: [group],
    summary,
    description: [description, `Who may use it: ${audiences[who]}`].filter(Boolean).join('\n\n'),
    security: securityFor[who],
    parameters: parametersOf(operation),
    ...(body && {
      requestBody: {
        required: body.optional !== true,
        content: Object.fromEntries(
          (body.types ?? ['application/json']).map((type) => [
            type,
            { schema: refTo(body.schema), examples: requestsOf(operation) },
          ]),
        ),
      },
    }),
    responses,
  } as OpenApiOperation;
}

function parametersOf(operation: Operation): unknown[] {
  const { path, query, optionalHeaders = [], requiredHeaders = [] } = operation;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({ $ref: `#/components/parameters/${name}` }));
  const inHeader = [...requiredHeaders, ...optionalHeaders].map((name) => ({
    $ref: `#/components/parameters/${parameterName(name, requiredHeaders.includes(name))}`,
  }));
  return [...inPath, ...(query ? queryParameters(operation) : []), ...inHeader];
}

/** The query parameters of an operation, each with the type of its value. */
export function queryParameters(operation: Operation) {
  const { schema, fields = {} } = operation.query ?? {};
  if (schema === undefined) return [];
  const { properties = {} } = tidy(z.toJSONSchema(schema, { io: 'input' }) as JsonSchema, false);
  return Object.entries(properties).map(([name, of]) => {
    const examples = named(
      shownOf(operation).filter(({ example, answer }) => example.query?.[name] !== undefined && answer.status < 400),
      ({ example }) => example.query?.[name],
    );
    return { name, in: 'query', description: fields[name] ?? '', schema: of, ...(examples && { examples }) };
  });
}

/** The example requests that were accepted. Refused requests do not match the schema. */
function requestsOf(operation: Operation) {
  const accepted = shownOf(operation).filter(({ example, answer }) => example.body !== undefined && answer.status < 300);
  return named(accepted, ({ example }) => example.body);
}

/** Examples in the form of the specification. Undefined if there are none. */
function named(shown: readonly ShownExample[], valueIn: (shown: ShownExample) => unknown) {
  if (shown.length === 0) return undefined;
  return Object.fromEntries(shown.map((one) => [one.key, { summary: one.example.name, value: valueIn(one) }]));
}

function pathComponents() {
  return Object.fromEntries(
    Object.entries(pathParameters).map(([name, { schema, description, example }]) => [
      name,
      { name, in: 'path', required: true, description, schema: refTo(schema), example },
    ]),
  );
}

/** A header that some operations require is listed twice, because a reference cannot say that it is required. */
function headerParameters() {
  const used = operations.flatMap(({ optionalHeaders = [], requiredHeaders = [] }) => [
    ...optionalHeaders.map((name) => ({ name, required: false })),
    ...requiredHeaders.map((name) => ({ name, required: true })),
  ]);
  return Object.fromEntries(
    used.map(({ name, required }) => {
      const { description, example, ...schema } = requestHeaders[name] as {
        description: string;
        example: string;
        pattern?: string;
      };
      const parameter = { name, in: 'header', required, description, schema: { type: 'string', ...schema }, example };
      return [parameterName(name, required), parameter];
    }),
  );
}

function parameterName(name: RequestHeader, required: boolean): string {
  return required ? `${name}-Required` : name;
}

function answered({ description, schema, type, headers = [] }: OperationAnswer, shown: readonly ShownExample[]): object {
  const mediaType = type ?? (schema && 'application/json');
  const examples = schema && named(shown, ({ answer }) => answer.body);
  return {
    description,
    ...(headers.length > 0 && { headers: headersOf(headers) }),
    ...(mediaType !== undefined && {
      content: { [mediaType]: { schema: contentSchema(schema, mediaType), ...(examples && { examples }) } },
    }),
  };
}

function contentSchema(schema: ComponentName | undefined, mediaType: string): JsonSchema {
  if (schema !== undefined) return refTo(schema);
  return mediaType === 'application/json' ? { type: 'object' } : { type: 'string' };
}

function refused(codes: readonly ProblemCode[]): object {
  const waits = codes.some((code) => problems[code].retry);
  const challenged = codes.some((code) => problems[code].status === 401);
  const headers: AnswerHeader[] = [
    ...(waits ? (['Retry-After'] as const) : []),
    ...(challenged ? (['WWW-Authenticate'] as const) : []),
  ];
  const examples = named(codes.flatMap(shownWithCode), ({ answer }) => answer.body);
  return {
    description: codes.map((code) => `\`${code}\`: ${problems[code].title}`).join('\n\n'),
    ...(headers.length > 0 && { headers: headersOf(headers) }),
    content: { 'application/problem+json': { schema: refTo('Problem'), ...(examples && { examples }) } },
  };
}

function headersOf(names: readonly AnswerHeader[]) {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function pascal(code: string): string {
  return code.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
