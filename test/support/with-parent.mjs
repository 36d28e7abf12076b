// Loaded before a process's own modules: it ends when whoever started it has ended, however that came about.
import { flushCompileCache } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.stdin
    .on('end', () => process.exit(1))
    // Told that it serves: what it compiled is kept now, since a process that is killed keeps nothing at its end.
    .on('data', () => flushCompileCache());
  process.stdin.unref?.();
}
