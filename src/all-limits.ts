import { tokenTable } from './access/token-limits.ts';
import { httpTable, rateTable, responseTable } from './http/http-limits.ts';
import { lossTable } from './journal/losses/loss-limits.ts';
import { redisTable } from './journal/redis/redis-limits.ts';
import { sqliteTable } from './journal/sqlite/sqlite-limits.ts';
import { liveTable } from './live/live-limits.ts';
import { mediaTable } from './media/media-limits.ts';
import { newsroomTable } from './newsroom/newsroom-limits.ts';
import { type Limit, type LimitTable, valuesOf } from './protocol/limit-table.ts';
import { wireTable } from './protocol/wire-limits.ts';
import { streamTable } from './streams/stream-limits.ts';
import { logTable } from './telemetry/telemetry-limits.ts';
import { brandTable } from './web/brand/brand-limits.ts';
import { workerTable } from './workers/worker-limits.ts';

/** Every limit of the server, under the headings of the docs. */
export const limitTables = {
  'The wire protocol': wireTable,
  'Readers and pages': liveTable,
  'Channels in memory': streamTable,
  Requests: httpTable,
  'The brand': brandTable,
  Responses: responseTable,
  Rates: rateTable,
  Tokens: tokenTable,
  Writing: newsroomTable,
  'Pictures, videos and sounds': mediaTable,
  'The embedded journal': sqliteTable,
  'The journal in Redis or Valkey': redisTable,
  'What was served': lossTable,
  'Several processes on one port': workerTable,
  'The log': logTable,
} satisfies Record<string, LimitTable>;

export type LimitName = { [Part in keyof typeof limitTables]: keyof (typeof limitTables)[Part] }[keyof typeof limitTables];

/** By name, as in `pressbox_limit{name}`. */
export const allLimits = valuesOf<LimitName>(Object.assign({}, ...Object.values(limitTables)) as Record<LimitName, Limit>);
