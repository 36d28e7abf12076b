import type { AuthorClient } from '../../../client/lib/author-client.ts';
import type { SampleCommand, SampleDay } from '../samples/sample-day.ts';

/** Creates the channel of the day. */
export async function openSampleDay(client: AuthorClient, { channel }: SampleDay): Promise<void> {
  await client.createChannel(channel);
}

/** Sends these commands in order, each with the revision that it was decided on. Throws at the first refusal. */
export async function playSampleDay(client: AuthorClient, day: SampleDay, commands: readonly SampleCommand[]): Promise<void> {
  for (const command of commands) await send(client, day.channel.id, command);
}

async function send(client: AuthorClient, channelId: string, command: SampleCommand): Promise<unknown> {
  switch (command.type) {
    case 'publish':
      return client.publish(channelId, command.post);
    case 'revise':
      return client.revise(channelId, command.postId, command.revision, command.change);
    case 'retract': {
      const { postId, revision, note } = command;
      return client.retract(channelId, postId, { note, revision });
    }
    case 'takedown': {
      const { postId, revision, note } = command;
      return client.takedown(channelId, postId, { revision, ...(note !== undefined && { note }) });
    }
    case 'channel':
      return client.updateChannel(channelId, '*', command.patch);
  }
}
