import { readConfig } from './config.ts';
import { reasonNotToStart, startServer } from './server.ts';

/** The server alone, as a service runs it: `node src/main.ts`. `pressbox serve` is the same with a word to the person who started it. */
try {
  const server = await startServer(readConfig(process.env));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      server.close().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
} catch (error) {
  const reason = reasonNotToStart(error);
  if (reason === undefined) throw error;
  console.error(reason);
  process.exitCode = 1;
}
