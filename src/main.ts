import { ConfigError, readConfig } from './config.ts';
import { JournalRefused } from './engine/engine.ts';
import { startServer } from './server.ts';

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
  if (!(error instanceof ConfigError || error instanceof JournalRefused)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
