/** Why no majority of the Sentinels confirms the Redis server in use. `master-decision.ts` says when. */
export type Unconfirmed = 'outdated' | 'not-master' | 'unreachable' | 'divided' | 'silent';

/** The Redis server that a process writes to. */
export interface MasterInUse {
  /** Host and port, as the Sentinels or the URL name them. */
  address: string;
  /** Differs after each start of the server. */
  runId: string;
  /** Undefined if a majority confirms the server, or without Sentinels. */
  unconfirmed: Unconfirmed | undefined;
}
