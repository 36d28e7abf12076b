// Loaded before a process's own modules, in each of its threads: SQLite no longer waits for the disk. The control of the power-cut
// tests: with it, what was answered must be found lost.
import { DatabaseSync } from 'node:sqlite';

const exec = DatabaseSync.prototype.exec;
DatabaseSync.prototype.exec = function (sql) {
  return exec.call(this, sql.replace('synchronous = FULL', 'synchronous = OFF'));
};
