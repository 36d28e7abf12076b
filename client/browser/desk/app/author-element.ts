import type { PropertyDeclarations } from 'lit';
import type { AuthorClient } from '../../../lib/author-client.ts';
import type { Outbox } from '../outbox/outbox-model.ts';
import type { DeskSession } from '../session/session.ts';
import { DeskElement } from './desk-element.ts';

/** An element that reads and writes for the signed-in author. `session.ownerKey` stays the same for the life of an element. */
export abstract class AuthorElement extends DeskElement {
  static override properties: PropertyDeclarations = {
    session: { attribute: false },
    outbox: { attribute: false },
    client: { attribute: false },
  };
  declare session: DeskSession;
  declare outbox: Outbox;
  /** Reads with the session. What an author writes goes through the outbox. */
  declare client: AuthorClient;
}
