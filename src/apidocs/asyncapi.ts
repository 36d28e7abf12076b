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

/** Sockets and streams as an AsyncAPI 3 document, from the server's point of view: it receives what clients send. */

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

const description = `How the server pushes changes to readers: over Socket.IO, or as Server-Sent Events where WebSockets are blocked. Both deliver the same events and accept the same cursors. Store the latest cursor, and reconnect with it over either transport. Ignore messages, reasons and fields that you do not know.`;

/** The descriptions of the socket and the stream. */
export const socketText = `Socket.IO version 4, with the namespace \`/\`. One connection can follow many channels. Connect with \`transports: ["websocket"]\`, the only transport that the server supports.

Send a token, if one is needed, as \`auth: { token }\`, never in the URL. With \`auth: { session: false }\` the server ignores the session of the browser. The server refuses a connection with an invalid token: \`connect_error\` has the problem as its \`data\`. To renew a token, reconnect. The server admits browsers by their \`Origin\`: its own, or one that the operator allowed.

The server pings every ${limits.pingSeconds} seconds and waits ${limits.pingTimeoutSeconds} seconds for the answer. It sends a message of more than ${limits.socketPartBytes / 1024} KiB after a ping, in several frames with WebSocket pings between them. Libraries join the frames and answer the pings. Your messages can have up to ${limits.socketMessageBytes / 1024} KiB. An unknown or invalid message with an acknowledgement is answered \`{ ok: false, problem }\`. The server disconnects a client that keeps sending such messages.

The name of a message is the name of the Socket.IO event, and its payload is the only argument. The server acknowledges what you send. Take the acknowledgement as a callback: an awaited promise resumes after events that arrived in the same packet.`;

export const streamText = `Server-Sent Events of one channel. In each block \`event:\` is the name of the message, \`data:\` its payload, and \`id:\` your cursor after it, which an EventSource sends back as \`Last-Event-ID\`. After \`unsubscribed\` or \`drain\` the stream ends. A stream that contains only \`retry:\` means that too many readers connected at once, or that the server could not begin the stream. Reconnect after that time, as an EventSource does by itself. An EventSource cannot send a token. On pages of this server the session of the browser takes its place (\`POST /v1/session\`). Elsewhere, read the stream with fetch.`;

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
          description: 'Only required for channels that are not public.',
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

/** Messages of the client are written by hand. Messages of the server are recorded. */
function examplesOf(name: string, fromClient: boolean): object[] {
  if (name === 'store') return [{ name: 'store', summary: 'The store was lost', payload: storeExample }];
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
 * AsyncAPI uses JSON Schema draft-07, which ignores everything beside a reference. A discriminator of AsyncAPI names a schema,
 * while one here names a value, so it is left out.
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
