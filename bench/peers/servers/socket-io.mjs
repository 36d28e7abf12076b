// Socket.IO as its guides set it up: one room per channel, `io.to(room).emit()`, an adapter over Redis. The first argument is the port.
// The others select the adapter:
//   pubsub REDIS        @socket.io/redis-adapter: posts arrive through Redis, from emitter.mjs
//   streams REDIS LINES @socket.io/redis-streams-adapter with connection state recovery: posts arrive as lines and go through the stream
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { takeLines } from './control.mjs';

const [port, kind, redis, lines] = process.argv.slice(2);
const http = createServer();
const io = new Server(http, {
  perMessageDeflate: false,
  serveClient: false,
  adapter: kind === 'pubsub' ? await pubsub() : await streams(),
  ...(kind === 'streams' && { connectionStateRecovery: { maxDisconnectionDuration: 120_000, skipMiddlewares: true } }),
});
io.on('connection', (socket) => {
  socket.on('subscribe', (channel, answer) => {
    socket.join(channel);
    answer?.({ ok: true });
  });
});
http.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 });
if (kind === 'streams') {
  takeLines(Number(lines), (posts) => {
    for (const post of posts) io.to('c0').emit('post', JSON.parse(post));
  });
}

async function pubsub() {
  const { createAdapter } = await import('@socket.io/redis-adapter');
  const { Redis } = await import('ioredis');
  const publisher = new Redis(Number(redis), '127.0.0.1');
  return createAdapter(publisher, publisher.duplicate());
}

async function streams() {
  const { createAdapter } = await import('@socket.io/redis-streams-adapter');
  const { createClient } = await import('redis');
  const client = createClient({ url: `redis://127.0.0.1:${redis}` });
  await client.connect();
  return createAdapter(client, { maxLen: 10_000 });
}
