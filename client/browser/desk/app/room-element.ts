import type { PropertyDeclarations } from 'lit';
import type { Drafts } from '../drafts/drafts.ts';
import { AuthorElement } from './author-element.ts';
import type { KeyRegistry } from './keys.ts';

/**
 * A room of a coverage, in which posts are read, written and changed. The shell sets all properties before the first update of a room
 * and replaces a room's element when another coverage is shown, so `channelId` stays the same for the life of an element. After another
 * session began there may be another `reader`: the timeline then gets another element, and the composer, in which somebody writes, does
 * not.
 */
export abstract class RoomElement extends AuthorElement {
  static override properties: PropertyDeclarations = { drafts: { attribute: false }, keys: { attribute: false } };
  /** Posts that are being written on this device. Forms keep their texts here too. */
  declare drafts: Drafts;
  declare keys: KeyRegistry;
}
