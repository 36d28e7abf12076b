import { transports } from 'engine.io';

/** Loaded into a server: engine.io works as ever, and is not quite what Pressbox knows of its insides. */
Object.defineProperty(transports.websocket.prototype, 'writable', {
  get() {
    return this.isWritable ? 1 : 0;
  },
  set(isWritable) {
    this.isWritable = isWritable;
  },
});
