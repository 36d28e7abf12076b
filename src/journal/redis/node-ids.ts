import { randomBytes } from 'node:crypto';
import { indexKeeper } from './keys.ts';

/**
 * The ids of nodes. An id says what other nodes must know of a node: which secrets it accepts, and that it keeps the index of
 * channels by activity. So a heartbeat tells both, and a node of an earlier version tells neither.
 */

/** `secretPrints`: of the secrets that the node accepts. See `secretPrint`. */
export function newNodeId(secretPrints: readonly string[] = []): string {
  return `${[randomBytes(6).toString('hex'), ...secretPrints].join('.')}${indexKeeper}`;
}

/** Whether no secret is accepted by both nodes. False if one of them has none, or does not say so. */
export function shareNoSecret(one: string, other: string): boolean {
  const [ours, theirs] = [printsIn(one), printsIn(other)];
  return ours.length > 0 && theirs.length > 0 && !ours.some((print) => theirs.includes(print));
}

/** What logs and answers call the node. It has no print of a secret, with which somebody who reads them could try guesses. */
export function nodeName(nodeId: string): string {
  return nodeId.endsWith(indexKeeper) ? `${partsOf(nodeId)[0]}${indexKeeper}` : nodeId;
}

function printsIn(nodeId: string): string[] {
  return nodeId.endsWith(indexKeeper) ? partsOf(nodeId).slice(1) : [];
}

function partsOf(nodeId: string): string[] {
  return nodeId.slice(0, -indexKeeper.length).split('.');
}
