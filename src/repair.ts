import { type RepairOptions, type RepairReport, repairRedis as repairInRedis } from './journal/redis/repair/repair.ts';
import { isListed } from './protocol/model.ts';

export type { RepairReport } from './journal/redis/repair/repair.ts';

/** Finds damaged channels in Redis or Valkey and repairs them, for `pressbox repair`. */
export function repairRedis(options: RepairOptions): AsyncGenerator<RepairReport> {
  return repairInRedis({ now: Date.now(), isListed, ...options });
}
