// Loaded before a process's own modules, in each of its threads: SQLite does not wait for the disk. This is the control of the
// power-cut tests: with it, answered writes must be lost.
import { DatabaseSync } from 'node:sqlite';

const exec = DatabaseSync.prototype.exec;
DatabaseSync.prototype.exec = function (sql) {
  return exec.call(this, sql.replace('synchronous = FULL', 'synchronous = OFF'));
};
