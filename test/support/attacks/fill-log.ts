import { createLog } from '../../../src/telemetry/log.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';

/** A program for tests: logs `lines` lines, a hundred per turn of the event loop, and prints its counts to standard error. */
const lines = Number(process.argv[2]);
const turnLines = 100;
const log = createLog('info');
const metrics = createMetrics();
const facts = { much: 'x'.repeat(300), more: 'x'.repeat(300) };
for (let written = 0; written < lines; written += turnLines) {
  for (let line = 0; line < turnLines; line += 1) log.info(facts, 'filled');
  await new Promise((resolve) => setImmediate(resolve));
}
process.stderr.write(await metrics.text());
