import { limits } from '../protocol/limits.ts';
import { components } from './components.ts';
import { type JsonSchema, schemasUsedIn } from './json-schema.ts';
import { type Message, messageExamples, messageKey, socketMessages, storeExample } from './messages.ts';
import { wireVersion } from './openapi.ts';
import { recordedMessages } from './recorded.ts';

/** The Socket.IO interface as an AsyncAPI 3 document, told from the server's side: it receives what clients send. */

export interface AsyncApi {
  asyncapi: string;
  info: object;
  servers: Record<string, { host: string; protocol: string; pathname?: string }>;
  channels: Record<string, { address: string; messages: Record<string, unknown> }>;
  operations: Record<string, { action: 'send' | 'receive' }>;
  components: Record<string, Record<string, unknown>>;
}

const description = `What a client and this server say to each other over Socket.IO version 4, at the namespace \`/\`. Connect with \`transports: ["websocket"]\`, the only one that is served.

A token, where one is needed, goes into \`auth: { token }\`, never into the URL. One that does not hold refuses the connection: \`connect_error\`, with the problem as its \`data\`. To renew a token, reconnect. Browsers are admitted by their \`Origin\`: the server's own, or one that the operator named.

The server pings every ${limits.pingSeconds} seconds and waits ${limits.pingTimeoutSeconds} for the answer. A message has up to ${limits.socketMessageBytes / 1024} KiB. One that is none of these, or does not fit, is answered \`{ ok: false, problem }\` if it has an acknowledgement; a client that keeps at it is disconnected.

The name of a message here is that of the Socket.IO event; its payload is the one argument. What a client sends is acknowledged: take the acknowledgement as a callback, since an awaited promise resumes after events that came in the same packet. Ignore messages and reasons that you do not know.`;

export function asyncApi(publicUrl: string): AsyncApi {
  const { host, protocol, pathname } = new URL(publicUrl);
  const channels = {
    socket: {
      address: '/socket.io',
      title: 'Socket.IO',
      description: 'One connection follows many channels of coverage.',
      messages: Object.fromEntries(messageNames().map((name) => [name, { $ref: `#/components/messages/${name}` }])),
      bindings: { ws: { method: 'GET', bindingVersion: '0.1.0' } },
    },
  };
  const messages = {
    ...Object.fromEntries(socketMessages.map((message) => [message.name, described(message)])),
    ...Object.fromEntries(replyNames().map((name) => [name, reply(name)])),
  };
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Pressbox',
      version: wireVersion,
      description,
      license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
    },
    servers: {
      server: {
        host,
        protocol: protocol === 'https:' ? 'wss' : 'ws',
        ...(pathname !== '/' && { pathname }),
        security: [{ $ref: '#/components/securitySchemes/token' }],
      } as AsyncApi['servers'][string],
    },
    channels,
    operations: Object.fromEntries(socketMessages.map((message) => [message.name, operationOf(message)])),
    components: {
      messages,
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'In the `auth` of the connection. Only needed for channels that are not public.',
        },
      },
      schemas: Object.fromEntries(Object.entries(schemasUsedIn(messages)).map(([name, schema]) => [name, asDraft7(schema)])),
    },
  };
}

function replyNames() {
  return [...new Set(socketMessages.flatMap(({ replies = [] }) => replies))];
}

function messageNames(): string[] {
  return [...socketMessages.map(({ name }) => name), ...replyNames()];
}

function operationOf({ name, title, description, replies }: Message): AsyncApi['operations'][string] {
  const inChannel = (message: string) => ({ $ref: `#/channels/socket/messages/${message}` });
  const facts = { channel: { $ref: '#/channels/socket' }, summary: title, description, messages: [inChannel(name)] };
  if (replies === undefined) return { action: 'send', ...facts } as AsyncApi['operations'][string];
  const reply = { channel: { $ref: '#/channels/socket' }, messages: replies.map(inChannel) };
  return { action: 'receive', ...facts, reply } as AsyncApi['operations'][string];
}

function described({ name, title, description, payload, replies }: Message): object {
  return {
    name,
    title,
    description,
    contentType: 'application/json',
    payload: { $ref: `#/components/schemas/${payload}` },
    examples: examplesOf(name, replies !== undefined),
  };
}

/** What clients send is written; what the server sends was recorded. */
function examplesOf(name: string, fromClient: boolean): object[] {
  if (name === 'store') return [{ name: 'store', summary: 'It was lost', payload: storeExample }];
  return messageExamples
    .filter(({ message }) => message === name)
    .map((example) => ({
      name: messageKey(example),
      summary: example.name,
      payload: fromClient ? example.body : recordedMessages[messageKey(example)],
    }));
}

function reply(name: ReturnType<typeof replyNames>[number]): object {
  const { description, schema } = components[name];
  const fitting = messageExamples.filter(
    ({ body, ...example }) => body !== undefined && schema.safeParse(recordedMessages[messageKey(example)]).success,
  );
  return {
    name,
    title: name,
    description,
    contentType: 'application/json',
    payload: { $ref: `#/components/schemas/${name}` },
    examples: fitting.map((example) => ({
      name: messageKey(example),
      summary: example.name,
      payload: recordedMessages[messageKey(example)],
    })),
  };
}

/**
 * AsyncAPI's own dialect is draft-07, in which nothing counts beside a reference, and a discriminator names a schema and not a value of
 * ours.
 */
function asDraft7({ $ref, properties, items, oneOf, anyOf, discriminator: _, ...rest }: JsonSchema): object {
  if ($ref !== undefined) return Object.keys(rest).length === 0 ? { $ref } : { ...rest, allOf: [{ $ref }] };
  return {
    ...rest,
    ...(properties && { properties: Object.fromEntries(Object.entries(properties).map(([name, of]) => [name, asDraft7(of)])) }),
    ...(items && { items: asDraft7(items) }),
    ...(oneOf && { oneOf: oneOf.map(asDraft7) }),
    ...(anyOf && { anyOf: anyOf.map(asDraft7) }),
  };
}
