import { parseArgs } from 'node:util';
import { needs } from '../support/runner/machine.ts';
import { faults } from './faults.ts';
import { type Rehearsal, rehearse } from './rehearse.ts';
import type { Fault } from './scene.ts';

/**
 * `npm run drill` causes every fault of docs/guides/faults.md on servers of its own, and prints what an operator sees and when.
 * `npm run drill -- clock-jump disk-full` causes these only. Its exit code is 1 if an alert did not fire.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Seconds between scrapes. `deploy/prometheus` scrapes every 15 seconds. */
    scrape: { type: 'string', default: '15' },
    /** How many faults happen at the same time, each on servers of its own. */
    together: { type: 'string', default: '3' },
  },
});
const mostSeconds = 180;

const prometheus = needs.prometheus.find();
if (prometheus === undefined) throw new Error(`Prometheus is missing: ${needs.prometheus.advice}.`);
const unknown = positionals.filter((name) => !faults.some((fault) => fault.name === name));
if (unknown.length > 0)
  throw new Error(`No fault is called ${unknown.join(', ')}. The faults are ${faults.map(({ name }) => name).join(', ')}.`);

const chosen = faults.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const rows = new Map<Fault, string>();
const waiting = [...chosen];
await Promise.all(
  Array.from({ length: Number(values.together) }, async () => {
    for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
      const missing = fault.missing();
      if (missing !== undefined) {
        console.error(`${fault.name}: left out. To rehearse it, ${missing}.`);
        continue;
      }
      const seen = await rehearse(fault, { prometheus, scrapeSeconds: Number(values.scrape), mostSeconds });
      rows.set(fault, rowOf(fault, seen));
      console.error(
        `${fault.name}: ${seen.alertSeconds === undefined ? 'no alert' : `${fault.alert} after ${seen.alertSeconds} s`}`,
      );
      const isSilent = seen.alertSeconds === undefined || (fault.message !== undefined && seen.messageSeconds === undefined);
      if (isSilent) process.exitCode = 1;
    }
  }),
);
console.log('| drill | fault | metric | log | alert |\n| --- | --- | --- | --- | --- |');
for (const row of chosen.flatMap((fault) => rows.get(fault) ?? [])) console.log(row);

function rowOf({ name, what, metric, message, alert }: Fault, seen: Rehearsal): string {
  const after = (seconds: number | undefined) => (seconds === undefined ? 'NOT SEEN' : `${Math.round(seconds)} s`);
  const log = message === undefined ? '' : `\`${message}\`, ${after(seen.messageSeconds)}`;
  const others = seen.others.length === 0 ? '' : `; also ${seen.others.map((name) => `\`${name}\``).join(', ')}`;
  const number = (value = Number.NaN) => (Number.isNaN(value) ? 'none' : Number(value.toPrecision(3)).toString());
  const change = `${number(seen.before[0])} → ${number(seen.after[0])}`;
  return `| \`${name}\` | ${what} | \`${metric}\`: ${change} | ${log} | \`${alert}\`, ${after(seen.alertSeconds)}${others} |`;
}
