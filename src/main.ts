import { readConfig } from './config.ts';
import { reasonNotToStart } from './not-started.ts';
import { serve } from './serve.ts';

/** The server alone, as a service runs it: `node src/main.ts`. `pressbox serve` is the same with a word to the person who started it. */
let renew = () => {};
// From the beginning: by default it ends the process, and a start may take a while.
process.on('SIGUSR2', () => renew());
try {
  const serving = await serve(readConfig(process.env));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      serving.close().then(
        () => process.exit(0),
        () => process.exit(1),
      );
    });
  }
  renew = () => void serving.renew();
  const { reason, code } = await serving.failed;
  console.error(reason);
  process.exit(code);
} catch (error) {
  const reason = reasonNotToStart(error);
  if (reason === undefined) throw error;
  console.error(reason);
  process.exit(1);
}
