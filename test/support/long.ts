/**
 * Files of `test/flow`, `test/hostile` and `test/browser` that keep a processor busy for long, or wait for long: `npm test`, which is to be quick, leaves them to
 * `npm run test:chaos`.
 */
export const longFiles = [
  'test/browser/firefox.test.ts',
  'test/flow/crash.test.ts',
  'test/flow/power.test.ts',
  'test/flow/slow-readers.test.ts',
  'test/flow/workers-silent.test.ts',
  'test/hostile/pages.test.ts',
];
