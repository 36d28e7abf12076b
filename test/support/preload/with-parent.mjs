// Loaded before a process's own modules: the process ends when its parent ends, for any reason.
import cluster from 'node:cluster';
import { flushCompileCache } from 'node:module';
import { isMainThread } from 'node:worker_threads';

// Threads end with their process, and workers watch the primary.
if (isMainThread && !cluster.isWorker) {
  process.stdin
    .on('end', () => process.exit(1))
    // A byte arrives when the server is ready. The compile cache is written now, because a killed process does not write it.
    .on('data', () => flushCompileCache());
  process.stdin.unref?.();
}
