/**
 * Which Redis server a node uses as the master. A node asks every configured Sentinel, and the server that they name:
 *
 *   a majority of them names …          INFO replication there   the node
 *   ─────────────────────────────────   ──────────────────────   ───────────────────────────────────────────
 *   the server in use                   is not asked             stays, at the epoch of the majority
 *   another one, at an earlier epoch    is not asked             stays, and reports `outdated`
 *   another one, at its epoch or later  says role:master         moves
 *                                       says another role        stays, and reports `not-master`
 *                                       gives no answer          stays, and reports `unreachable`
 *   no server, most have answered       is not asked             stays, and reports `divided`
 *   no server, most have not answered   is not asked             stays, and reports `silent`
 *
 * The epoch is the number of the failover that made a server the master. Only a majority changes it, so one Sentinel that lags or
 * lies neither moves a node nor makes it ignore the next failover. A server that is cut off from the Sentinels takes itself for
 * the master, so its role counts only if a majority names it.
 */

import type { Unconfirmed } from '../../store-master.ts';

/** What one Sentinel says about the master. */
export interface SentinelReport {
  /** The ids of all other Sentinels that it knows. Equal only if two names in the URL lead to the same Sentinel. */
  others: string;
  /** The master, as `host:port`. */
  address: string;
  /** The `config-epoch`. */
  epoch: number;
  /** Whether the Sentinel holds the master to be down, or takes part in its failover. */
  isDown: boolean;
}

/** The server in use, or named by a majority. */
export interface NamedMaster {
  address: string;
  epoch: number;
}

/**
 * `asks`: decide again with the role of this server. `isUp`: a majority also holds the server to be up, so no Sentinel can be
 * promoting another one.
 */
export type MasterDecision =
  | ({ status: 'stays' | 'asks' | 'moves'; isUp: boolean } & NamedMaster)
  | { status: 'unconfirmed'; why: Unconfirmed };

export interface MasterQuestion {
  /** Undefined before a server was chosen. Without a confirmation of it so far, its epoch is -1. */
  inUse: NamedMaster | undefined;
  reports: readonly SentinelReport[];
  /** The number of Sentinels in the URL, with those that have not answered. */
  configured: number;
  /** What the server that the last decision asked for says about itself. */
  asked?: { address: string; role: string | undefined };
}

export function decideMaster({ inUse, reports, configured, asked }: MasterQuestion): MasterDecision {
  const most = majorityOf(configured);
  const named = [...new Set(reports.map(({ address }) => address))]
    .map((address) => ({ address, epoch: epochOfMost(votesFor(address, reports), most) }))
    .find((one): one is NamedMaster => one.epoch !== undefined);
  if (named === undefined) return { status: 'unconfirmed', why: reports.length < most ? 'silent' : 'divided' };
  const sayUp = reports.filter(({ isDown }) => !isDown);
  const master = { ...named, isUp: votesFor(named.address, sayUp).length >= most };
  if (named.address === inUse?.address) return { status: 'stays', ...master };
  if (inUse !== undefined && named.epoch < inUse.epoch) return { status: 'unconfirmed', why: 'outdated' };
  if (asked?.address !== named.address) return { status: 'asks', ...master };
  if (asked.role === undefined) return { status: 'unconfirmed', why: 'unreachable' };
  return asked.role === 'master' ? { status: 'moves', ...master } : { status: 'unconfirmed', why: 'not-master' };
}

/** Reads the replies of a Sentinel to `MASTER`, `GET-MASTER-ADDR-BY-NAME` and `SENTINELS`. */
export function readReport(
  master: readonly string[],
  [host, port]: readonly [string, string],
  others: readonly string[][],
): SentinelReport {
  const flags = fieldOf(master, 'flags').split(',');
  // The Sentinel that leads a failover names the promoted server here, while MASTER still describes the old one.
  const isDescribed = fieldOf(master, 'ip') === host && fieldOf(master, 'port') === port;
  return {
    others: others
      .map((other) => fieldOf(other, 'runid'))
      .sort()
      .join(),
    address: `${host}:${port}`,
    epoch: Number(fieldOf(master, 'config-epoch')),
    isDown: isDescribed && flags.some((flag) => flag === 's_down' || flag === 'o_down' || flag === 'failover_in_progress'),
  };
}

const fieldOf = (reply: readonly string[], name: string): string => reply[reply.indexOf(name) + 1] ?? '';

export const majorityOf = (configured: number): number => Math.floor(configured / 2) + 1;

/** The epochs at which Sentinels name the server, one for each Sentinel, the latest first. */
function votesFor(address: string, reports: readonly SentinelReport[]): number[] {
  const votes = new Map<string, number>();
  for (const { others, epoch, ...report } of reports)
    if (report.address === address) votes.set(others, Math.max(epoch, votes.get(others) ?? epoch));
  return [...votes.values()].sort((a, b) => b - a);
}

/** The latest epoch that so many votes have reached. A single vote with a higher one does not raise it. */
const epochOfMost = (votes: readonly number[], most: number): number | undefined => votes[most - 1];
