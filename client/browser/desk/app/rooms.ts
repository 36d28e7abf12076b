import type { Channel } from '../../../../src/protocol/model.ts';
import type { AuthorClient } from '../../../lib/author-client.ts';
import type { LiveReader } from '../../../lib/live-reader.ts';
import type { Language } from '../../i18n/languages.ts';
import type { Drafts } from '../drafts/drafts.ts';
import type { Outbox } from '../outbox/outbox-model.ts';
import type { DeskSession } from '../session/session.ts';
import type { KeyRegistry } from './keys.ts';

/**
 * What the shell gives the rooms of a coverage as properties: `<desk-timeline>` and `<desk-composer>`, and, without the fields of the
 * coverage, `<desk-outbox>`. The shell sets them all before the first update of a room and replaces a room's element when another
 * coverage is shown, so `channelId` and `session.ownerKey` stay the same for the life of an element. After another session began,
 * there may be another `reader`: the timeline then gets another element, and the composer, in which somebody writes, another property.
 */
export interface RoomProperties {
  session: DeskSession;
  outbox: Outbox;
  /** What is being written on this device. Forms keep theirs here too. */
  drafts: Drafts;
  /** Reads with the session. What an author writes goes through the outbox. */
  client: AuthorClient;
  keys: KeyRegistry;
  /** The language of the desk. A room finds its own words with it. */
  language: Language;
}

export interface CoverageRoomProperties extends RoomProperties {
  channelId: string;
  /** Follows the coverage. `reader.timeline` is undefined until the first answer. Events: `timeline`, `event`, `reset`, `state`. */
  reader: LiveReader;
  /** Undefined until the first answer. Set again at each change. */
  channel: Channel | undefined;
}
