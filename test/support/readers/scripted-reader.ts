import { expect, onTestFinished, vi } from 'vitest';
import { ReaderClient } from '../../../client/lib/reader-client.ts';
import type { ReaderClientOptions, ReaderState } from '../../../client/lib/reader-types.ts';
import type { CatchUp, Event } from '../../../src/protocol/model.ts';
import { ModelServer } from '../servers/model-server.ts';
import { type Asked, type ScriptedServer, startScriptedServer } from '../servers/scripted-server.ts';

/**
 * Readers of a scripted server, which is real Socket.IO with answers from a model. They use only the socket, since other transports would
 * use up the same tokens and answers. All end with the test.
 */

export async function scripted(options: Parameters<typeof startScriptedServer>[0] = {}): Promise<ScriptedServer> {
  const server = await startScriptedServer(options);
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

export function read(server: ScriptedServer, options: Partial<ReaderClientOptions> = {}) {
  const client = new ReaderClient({ url: server.url, channelId: 'moon', transports: ['socket'], random: () => 0, ...options });
  onTestFinished(() => client.close());
  const events: Event[] = [];
  const states: ReaderState[] = [];
  let resets = 0;
  client.on('event', (event) => events.push(event));
  client.on('state', (state) => states.push(state));
  client.on('reset', () => {
    resets += 1;
  });
  client.open();
  return { client, events, states, resets: () => resets, until: (status: ReaderState['status']) => state(client, status) };
}

async function state(client: ReaderClient, status: ReaderState['status']): Promise<ReaderState> {
  await vi.waitFor(() => expect(client.state.status).toBe(status), { interval: 5 });
  return client.state;
}

export const offsets = (events: Event[]) => events.map(({ offset }) => offset);

/** The model's answer to a subscribe. */
export function answer(model: ModelServer, { request, answer }: Asked, changes: Partial<CatchUp> = {}): void {
  const offset = request.after === undefined ? 0 : Number(request.after.split('.')[1]);
  const catchUp = model.catchUp(request.after, offset, { limit: 100, posts: request.limit ?? 20 });
  answer({ ok: true, ...catchUp, ...changes });
}

export function modelWith(posts: number): ModelServer {
  const model = new ModelServer();
  for (let each = 0; each < posts; each += 1) model.publish({ kind: 'update', keyEvent: false });
  return model;
}

export const publish = (model: ModelServer) => {
  model.publish({ kind: 'update', keyEvent: false });
  return model.event(model.head);
};

export async function live(posts = 2, options: Partial<ReaderClientOptions> = {}, script: Parameters<typeof scripted>[0] = {}) {
  const server = await scripted(script);
  const model = modelWith(posts);
  const reader = read(server, options);
  const first = await server.subscribe(1);
  answer(model, first);
  await reader.until('live');
  return { server, model, reader, first };
}
