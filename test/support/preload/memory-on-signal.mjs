/**
 * Loaded into a server of the tests that runs with --expose-gc: on SIGUSR2 it collects its garbage and prints what it keeps, as a line.
 * With PRESSBOX_TEST_TRIM, a build of `trim-memory.c`, resident memory is without what malloc keeps free between blocks: some 30 MB that
 * would hide a leak as large.
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
    // It is no module of Node, which is what the error must say.
    if (!/did not self-register/.test(error.message)) throw error;
  }
}
