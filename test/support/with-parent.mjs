// Loaded before a process's own modules: it ends when whoever started it has ended, however that came about.
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.stdin.on('end', () => process.exit(1)).resume();
  process.stdin.unref?.();
}
