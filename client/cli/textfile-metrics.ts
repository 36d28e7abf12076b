import { chmod, rename, rm, writeFile } from 'node:fs/promises';
import { newKey } from '../lib/ids.ts';

type Gauge = [name: string, help: string, value: number];

/**
 * Writes the result of a command as metrics, for the textfile collector of Prometheus' node exporter. The file is replaced as a
 * whole, and its name while it is written does not end in `.prom`.
 */
export async function writeMetrics(file: string, prefix: string, gauges: readonly Gauge[]): Promise<void> {
  const text = gauges.map(([name, help, value]) => {
    const whole = `${prefix}_${name}`;
    return `# HELP ${whole} ${help}\n# TYPE ${whole} gauge\n${whole} ${value}\n`;
  });
  const part = `${file}.${newKey()}.part`;
  try {
    await writeFile(part, text.join(''));
    // The node exporter runs as another user.
    await chmod(part, 0o644);
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
