// Loaded before a process's own modules: it ends when whoever started it has ended, however that came about.
import cluster from 'node:cluster';
import { flushCompileCache } from 'node:module';
import { isMainThread } from 'node:worker_threads';

// Threads end with their process, and workers watch the primary.
if (isMainThread && !cluster.isWorker) {
  process.stdin
    .on('end', () => process.exit(1))
    // Told that it serves: what it compiled is kept now, since a process that is killed keeps nothing at its end.
    .on('data', () => flushCompileCache());
  process.stdin.unref?.();
}
