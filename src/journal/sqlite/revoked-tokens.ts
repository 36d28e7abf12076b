import { limits } from '../../protocol/wire-limits.ts';
import type { Revoked } from '../revoked-tokens.ts';
import { factsOfRevocation } from '../server-journal.ts';
import { recordFacts } from './server-journal.ts';
import type { Sql } from './statements.ts';

/** See `Revocations.revoke` and `Revocations.spend`. At the bound, the revocation that expired first is removed. */
export function revoke(
  sql: Sql,
  { jti, until, now, by }: { jti: string; until: number | null; now: number; by: string },
): Revoked {
  const before = sql('SELECT until FROM revoked WHERE jti = ?').get(jti) as { until: number | null } | undefined;
  if (before === undefined) {
    const { kept } = sql('SELECT count(*) AS kept FROM revoked').get() as { kept: number };
    if (kept >= limits.revokedTokens) {
      const firstLapsed = 'SELECT jti FROM revoked WHERE until <= ? ORDER BY until LIMIT 1';
      if (sql(`DELETE FROM revoked WHERE jti IN (${firstLapsed})`).run(now).changes === 0) return 'full';
    }
    sql('INSERT INTO revoked (jti, until) VALUES (?, ?)').run(jti, until);
    recordFacts(sql, [factsOfRevocation(jti, until, { now, by })]);
    return 'revoked';
  }
  if (before.until !== null && (until === null || until > before.until)) {
    sql('UPDATE revoked SET until = ? WHERE jti = ?').run(until, jti);
    recordFacts(sql, [factsOfRevocation(jti, until, { now, by })]);
  }
  return 'again';
}
