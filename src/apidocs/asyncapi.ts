import { limits } from '../protocol/wire-limits.ts';
import { components } from './components.ts';
import { type JsonSchema, schemasUsedIn } from './json-schema.ts';
import { wireVersion } from './openapi.ts';
import { recordedMessages } from './recorded-answers.ts';
import {
  type Message,
  messageExamples,
  messageKey,
  messages,
  socketMessages,
  storeExample,
  streamMessages,
} from './socket-messages.ts';

/** Sockets and streams as an AsyncAPI 3 document, told from the server's side: it receives what clients send. */

interface Operation {
  action: 'send' | 'receive';
  channel: object;
  summary: string;
  description: string;
  messages: object[];
  reply?: object;
}

interface Channel {
  address: string;
  title: string;
  description: string;
  servers: object[];
  messages: Record<string, unknown>;
  parameters?: object;
  bindings?: object;
}

export interface AsyncApi {
  asyncapi: string;
  info: object;
  servers: Record<string, { host: string; protocol: string; pathname?: string }>;
  channels: Record<'socket' | 'stream', Channel>;
  operations: Record<string, Operation>;
  components: Record<string, Record<string, unknown>>;
}

const description = `How readers are pushed what happens: over Socket.IO, or as Server-Sent Events where WebSockets do not pass. Both give the same events and take the same cursors; keep the one you were given last, and connect again with it, here or there. Ignore messages, reasons and fields that you do not know.`;

/** About the socket, and the stream. */
export const socketText = `Socket.IO version 4, at the namespace \`/\`; one connection follows many channels of coverage. Connect with \`transports: ["websocket"]\`, the only one that is served.

A token, where one is needed, goes into \`auth: { token }\`, never into the URL; with \`auth: { session: false }\` the session of the browser plays no part. One that does not hold refuses the connection: \`connect_error\`, with the problem as its \`data\`. To renew a token, reconnect. Browsers are admitted by their \`Origin\`: the server's own, or one that the operator named.

The server pings every ${limits.pingSeconds} seconds and waits ${limits.pingTimeoutSeconds} for the answer. A message to you of more than ${limits.socketPartBytes / 1024} KiB has a ping before it and comes in several frames, between which WebSocket itself pings: libraries join the ones and answer the others. What you send has up to ${limits.socketMessageBytes / 1024} KiB. What is none of these messages, or does not fit, is answered \`{ ok: false, problem }\` if it has an acknowledgement; a client that keeps at it is disconnected.

The name of a message is that of the Socket.IO event, its payload the one argument. What you send is acknowledged: take the acknowledgement as a callback, since an awaited promise resumes after events that came in the same packet.`;

export const streamText = `Server-Sent Events of one channel. In each block \`event:\` is the name of the message, \`data:\` its payload, and \`id:\` your cursor after it, which an EventSource sends back as \`Last-Event-ID\`. After \`unsubscribed\` and \`drain\` the stream ends. One that says nothing but \`retry:\` was too much at this moment, or came while the server could not begin it: come back then, as an EventSource does. An EventSource sends no token: in a page of this server the session of the browser does (\`POST /v1/session\`), elsewhere read the stream with fetch.`;

export function asyncApi(publicUrl: string): AsyncApi {
  const { host, protocol, pathname } = new URL(publicUrl);
  const isSecure = protocol === 'https:';
  const server = (scheme: string, description: string) => ({
    host,
    protocol: isSecure ? `${scheme}s` : scheme,
    ...(pathname !== '/' && { pathname }),
    description,
    security: [{ $ref: '#/components/securitySchemes/token' }],
  });
  const described = {
    ...Object.fromEntries(messages.map((message) => [message.name, messageOf(message)])),
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
    servers: { socket: server('ws', 'For Socket.IO.'), http: server('http', 'For Server-Sent Events.') },
    channels: {
      socket: {
        address: '/socket.io',
        title: 'Socket.IO',
        description: socketText,
        servers: [{ $ref: '#/servers/socket' }],
        messages: refsTo([...socketMessages.map(({ name }) => name), ...replyNames()]),
        bindings: { ws: { method: 'GET', bindingVersion: '0.1.0' } },
      },
      stream: {
        address: '/v1/channels/{channelId}/stream',
        title: 'Server-Sent Events',
        description: streamText,
        servers: [{ $ref: '#/servers/http' }],
        parameters: { channelId: { description: 'The channel.', examples: ['eclipse-day'] } },
        messages: refsTo(streamMessages.map(({ name }) => name)),
      },
    },
    operations: {
      ...Object.fromEntries(socketMessages.map((message) => [message.name, operationOf('socket', message)])),
      ...Object.fromEntries(streamMessages.map((message) => [`stream-${message.name}`, operationOf('stream', message)])),
    },
    components: {
      messages: described,
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'Only needed for channels that are not public.',
        },
      },
      schemas: Object.fromEntries(Object.entries(schemasUsedIn(described)).map(([name, schema]) => [name, asDraft7(schema)])),
    },
  };
}

function refsTo(names: readonly string[]) {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/messages/${name}` }]));
}

function replyNames() {
  return [...new Set(socketMessages.flatMap(({ replies = [] }) => replies))];
}

function operationOf(channel: 'socket' | 'stream', { name, title, description, replies }: Message): Operation {
  const at = { $ref: `#/channels/${channel}` };
  const inChannel = (message: string) => ({ $ref: `#/channels/${channel}/messages/${message}` });
  const facts = { channel: at, summary: title, description, messages: [inChannel(name)] };
  if (replies === undefined) return { action: 'send', ...facts };
  return { action: 'receive', ...facts, reply: { channel: at, messages: replies.map(inChannel) } };
}

function messageOf({ name, title, description, payload, replies }: Message): object {
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
