import { transports } from 'engine.io';

/** Loaded into a server: engine.io works as usual, but one of its private fields differs from what Pressbox expects. */
Object.defineProperty(transports.websocket.prototype, 'writable', {
  get() {
    return this.isWritable ? 1 : 0;
  },
  set(isWritable) {
    this.isWritable = isWritable;
  },
});
