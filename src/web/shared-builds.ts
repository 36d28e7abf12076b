import { type BuildStep, type Make, unrequestedSteps } from '../http/build-steps.ts';
import { AllClientsGone, type BuildClient, BuildRefused, type Builds, WaitingClients } from '../http/builds.ts';
import type { ChannelStream } from '../streams/channel-stream.ts';
import { readShared, type Shareable } from '../streams/shared-answers.ts';

/**
 * Answers of a channel that are built once for all clients between two changes of the channel. A client that finds the answer made
 * or being made takes no slot, and is charged by what it is sent.
 */
export interface SharedBuilds {
  /** Throws what `Builds.run` throws. */
  read<T extends Shareable>(stream: ChannelStream, asked: SharedBuild<T>): Promise<T | 'gone'>;
}

export interface SharedBuild<T> {
  /** Names the answer among those of its channel: everything that it depends on. Undefined: it is for this client alone. */
  key: string | undefined;
  /** Undefined for the program that runs the server. It waits for no slot. */
  client: BuildClient | undefined;
  /** Repeated if something was erased meanwhile. */
  make: Make<T | 'gone'>;
}

export function createSharedBuilds(builds: Builds): SharedBuilds {
  const waiting = new WeakMap<ChannelStream, Map<string, WaitingClients>>();

  return {
    async read<T extends Shareable>(stream: ChannelStream, { key, client, make }: SharedBuild<T>): Promise<T | 'gone'> {
      const guarded = (step: BuildStep) => stream.guard.reading(() => make(step));
      const { clients, leave } = join(stream, key, client);
      const read = () => (client === undefined ? guarded(unrequestedSteps()) : builds.run(client, guarded, clients));
      // What others caused may have been given up, or refused to their address, just before this client came.
      const isOthers = (error: unknown) =>
        (error instanceof AllClientsGone && client?.isGone() !== true) ||
        (error instanceof BuildRefused && error.client !== client);
      try {
        if (key === undefined) return await stream.guard.use(read, (value) => value);
        return await readShared(stream, key, read, isOthers);
      } finally {
        leave();
      }
    },
  };

  /** Adds a client to those that wait for the answer. */
  function join(
    stream: ChannelStream,
    key: string | undefined,
    client: BuildClient | undefined,
  ): { clients: WaitingClients; leave: () => void } {
    const answers = waiting.get(stream) ?? new Map<string, WaitingClients>();
    waiting.set(stream, answers);
    const clients = (key !== undefined && answers.get(key)) || new WaitingClients();
    if (key !== undefined) answers.set(key, clients);
    const remove = client && clients.add(client);
    return {
      clients,
      leave() {
        remove?.();
        if (key !== undefined && clients.size === 0 && answers.get(key) === clients) answers.delete(key);
      },
    };
  }
}
