/**
 * Loaded into a test server that runs with --expose-gc: on SIGUSR2 the server collects garbage and prints its memory as a line.
 * With PRESSBOX_TEST_TRIM, a build of `trim-memory.c`, resident memory excludes what malloc keeps free: about 30 MB, which could
 * hide a leak of that size.
 */
process.on('SIGUSR2', () => {
  globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  if (process.env.PRESSBOX_TEST_TRIM !== undefined) trim(process.env.PRESSBOX_TEST_TRIM);
  const { rss, heapUsed, external } = process.memoryUsage();
  process.stdout.write(`${JSON.stringify({ memory: { rss, heapUsed, external } })}\n`);
});

function trim(library) {
  try {
    process.dlopen({ exports: {} }, library);
  } catch (error) {
    // The library is not a Node module, so loading it always throws this error.
    if (!/did not self-register/.test(error.message)) throw error;
  }
}
