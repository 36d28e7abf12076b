/** Loaded into a server of the tests that runs with --expose-gc: on SIGUSR2 it collects its garbage and prints what it keeps, as a line. */
process.on('SIGUSR2', () => {
  globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  const { rss, heapUsed, external } = process.memoryUsage();
  process.stdout.write(`${JSON.stringify({ memory: { rss, heapUsed, external } })}\n`);
});
