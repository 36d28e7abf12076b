import { hash } from 'node:crypto';
import type { Principal } from './rights.ts';

/**
 * Identifies a person across tokens and sessions: the same issuer and `sub` give the same key. It is opaque, has no spaces, and does
 * not reveal the issuer. Only for Node: browsers get it from the server.
 */
export function ownerKeyOf({ sub, issued }: Pick<Principal, 'sub' | 'issued'>): string {
  return hash('sha256', JSON.stringify([issued?.issuer ?? null, sub]), 'base64url').slice(0, 22);
}
