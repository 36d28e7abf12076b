import { limitsOf } from '../../limits.ts';
import { type AtBound, type AtBounds, closed } from './at-bound.ts';
import { deskAtBound } from './desk.ts';
import { logAtBound, workersAtBound } from './processes.ts';
import { feedsAtBound, readersAtBound } from './readers.ts';
import { answersAtBound, ratesAtBound, requestsAtBound, tokensAtBound } from './requests.ts';
import { embeddedAtBound, redisAtBound } from './stores.ts';
import { wireAtBound } from './wire.ts';

/** What the docs say of limits: a table for each part that keeps some, in this order. */
const told: { readonly [Part in keyof typeof limitsOf]: readonly [title: string, AtBounds<Part>] } = {
  wire: ['What goes over the wire', wireAtBound],
  readers: ['Readers who are connected', readersAtBound],
  feeds: ['What a channel holds in memory', feedsAtBound],
  requests: ['Requests', requestsAtBound],
  answers: ['Answers', answersAtBound],
  rates: ['Rates', ratesAtBound],
  tokens: ['Tokens', tokensAtBound],
  desk: ['Writing', deskAtBound],
  embedded: ['The embedded journal', embeddedAtBound],
  redis: ['The journal in Redis or Valkey', redisAtBound],
  workers: ['Several processes on a port', workersAtBound],
  log: ['The log', logAtBound],
};

/** What operators set, in the same words. */
const configured = [
  {
    name: 'PRESSBOX_WRITES_PER_SECOND',
    what: 'Further writes of a token are 429 `rate-limited`.',
    metric: closed('writes'),
  },
  {
    name: 'PRESSBOX_REQUESTS_PER_SECOND',
    what: 'Further requests and handshakes of an address are 429 `rate-limited`; an EventSource is told to come back.',
    metric: closed('requests'),
  },
  {
    name: 'PRESSBOX_CONNECTIONS_PER_ADDRESS',
    what: 'One more socket or stream of an address is 429 `rate-limited`; an EventSource is told to come back.',
    metric: closed('connections'),
  },
] as const;

/** Every series that the docs name. */
export const namedSeries: ReadonlySet<string> = new Set(
  [...Object.values(told).flatMap(([, atBound]) => Object.values<AtBound>(atBound)), ...configured].map(({ metric }) => metric),
);

/** The tables of the docs, in Markdown. */
export function limitTables(defaults: Readonly<Record<string, string>>): string {
  const head = ['| limit | value | at the bound | seen in |', '| --- | --- | --- | --- |'];
  const row = (name: string, value: string, { what, metric }: AtBound) => `| \`${name}\` | ${value} | ${what} | \`${metric}\` |`;
  const tables = Object.entries(told).map(([part, [title, atBound]]) => {
    const values: Readonly<Record<string, number>> = limitsOf[part as keyof typeof limitsOf];
    const bounds: Readonly<Record<string, AtBound>> = atBound;
    const rows = Object.entries(values).map(([name, value]) => row(name, withUnit(name, value), bounds[name] as AtBound));
    return [`## ${title}`, '', ...head, ...rows].join('\n');
  });
  const set = configured.map(({ name, ...bound }) => row(name, `${defaults[name]} by default`, bound));
  return [['## What operators set', '', ...head, ...set].join('\n'), ...tables].join('\n\n');
}

/** The unit stands at the end of the name. */
function withUnit(name: string, value: number): string {
  if (/Bytes(PerSecond)?$/.test(name)) return `${bytes(value)}${name.endsWith('PerSecond') ? ' a second' : ''}`;
  if (name.endsWith('Ms')) return value >= 1_000 ? `${value / 1_000} s` : `${value} ms`;
  if (name.endsWith('Seconds')) return `${value} s`;
  if (name.endsWith('Hours')) return `${value} h`;
  if (name.endsWith('Characters')) return `${value.toLocaleString('en')} characters`;
  return value.toLocaleString('en');
}

function bytes(value: number): string {
  const [size, unit] = value % (1024 * 1024) === 0 ? [value / (1024 * 1024), 'MiB'] : [value / 1024, 'KiB'];
  return `${size.toLocaleString('en')} ${unit}`;
}
