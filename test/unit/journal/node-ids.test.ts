import { expect, it } from 'vitest';
import { secretPrint } from '../../../src/access/secret.ts';
import { indexKeeper } from '../../../src/journal/redis/keys.ts';
import { newNodeId, nodeName, shareNoSecret } from '../../../src/journal/redis/node-ids.ts';

const [old, fresh, other] = ['old', 'new', 'other'].map((text) => secretPrint(Buffer.from(text.repeat(16)))) as [
  string,
  string,
  string,
];

it('nodes share a secret during a change of it, and none with a node that was left behind', () => {
  const nodes = [[old], [old, fresh], [fresh, old], [fresh]].map((prints) => newNodeId(prints));
  for (const [at, node] of nodes.slice(1).entries()) expect(shareNoSecret(node, nodes[at] as string)).toBe(false);
  expect(shareNoSecret(nodes[0] as string, nodes[3] as string)).toBe(true);
  expect(shareNoSecret(newNodeId([other]), nodes[1] as string)).toBe(true);
});

it('nothing is said of nodes without a secret, of earlier versions and of lost ones', () => {
  const node = newNodeId([old]);
  for (const silent of [newNodeId(), `0123456789ab${indexKeeper}`, '0123456789ab', 'others']) {
    expect(shareNoSecret(node, silent)).toBe(false);
    expect(shareNoSecret(silent, node)).toBe(false);
  }
});

it('the id of a node has the prints of its secrets, and ends as those that keep the index do', () => {
  expect(newNodeId([old, fresh])).toMatch(new RegExp(`^[0-9a-f]{12}\\.${old}\\.${fresh}${indexKeeper}$`));
  expect(old).toMatch(/^[0-9a-f]{8}$/);
});

it('has a name that says nothing of its secrets, and that of an earlier version stays', () => {
  const id = newNodeId([old, fresh]);
  expect(nodeName(id)).toMatch(/^[0-9a-f]{12}-activity$/);
  expect(id).toContain(nodeName(id).slice(0, 12));
  for (const earlier of [newNodeId(), 'bdfd1c0f6a2e']) expect(nodeName(earlier)).toBe(earlier);
});
