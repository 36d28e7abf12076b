import { allLimits, type LimitName, limitTables } from '../all-limits.ts';
import { type Limit, type LimitTable, rateLimited, withUnit } from '../protocol/limit-table.ts';

/** Limits that operators set. `config.ts` has the defaults. */
const configured: Readonly<Record<string, Omit<Limit, 'value'>>> = {
  PRESSBOX_WRITES_PER_SECOND: {
    metric: rateLimited('writes'),
    atLimit: 'Further writes of the token are 429 `rate-limited`.',
  },
  PRESSBOX_REQUESTS_PER_SECOND: {
    metric: rateLimited('requests'),
    atLimit: 'Further requests and handshakes of the address are 429 `rate-limited`. An EventSource is told to reconnect later.',
  },
  PRESSBOX_CONNECTIONS_PER_ADDRESS: {
    metric: rateLimited('connections'),
    atLimit: 'One more socket or stream of the address is 429 `rate-limited`. An EventSource is told to reconnect later.',
  },
};

/** Every metric series that the limit tables name. */
export const namedSeries: ReadonlySet<string> = new Set(
  [...Object.values<LimitTable>(limitTables), configured].flatMap((table) => Object.values(table).map(({ metric }) => metric)),
);

/** All limits as Markdown tables. */
export function limitsInMarkdown(defaults: Readonly<Record<string, string>>): string {
  const section = (title: string, rows: readonly string[]) =>
    [`## ${title}`, '', '| limit | value | what happens | metric |', '| --- | --- | --- | --- |', ...rows].join('\n');
  const row = (name: string, value: string, { metric, atLimit }: Omit<Limit, 'value'>) =>
    `| \`${name}\` | ${value} | ${atLimit} | \`${metric}\` |`;
  const set = Object.entries(configured).map(([name, limit]) => row(name, `${defaults[name]} by default`, limit));
  return [
    section('What operators set', set),
    ...Object.entries<LimitTable>(limitTables).map(([title, table]) =>
      section(
        title,
        Object.entries(table).map(([name, limit]) => row(name, withUnit(name, limit.value), limit)),
      ),
    ),
  ].join('\n\n');
}

/** Formats the value of a limit for a sentence. */
export function limitInWords(name: LimitName): string {
  const value = allLimits[name];
  if (name.endsWith('Hours')) return `${value} hours`;
  const minutes = value / 60_000;
  if (name.endsWith('Ms') && minutes > 1 && Number.isInteger(minutes)) return `${minutes} minutes`;
  return withUnit(name, value);
}
