// Loaded before a process's own modules, in each of its threads. Makes commits slow, so that a test notices anything that is
// announced before its commit has ended.
import { DatabaseSync } from 'node:sqlite';

const commitMs = 30;
const never = new Int32Array(new SharedArrayBuffer(4));
const exec = DatabaseSync.prototype.exec;
DatabaseSync.prototype.exec = function (sql) {
  if (sql === 'COMMIT') Atomics.wait(never, 0, 0, commitMs);
  return exec.call(this, sql);
};
