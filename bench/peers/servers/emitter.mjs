// Publishes to Socket.IO through Redis, as another server would. Each line on the port in the second argument is a post for its
// room.
import { Emitter } from '@socket.io/redis-emitter';
import { Redis } from 'ioredis';
import { takeLines } from './control.mjs';

const [redis, port] = process.argv.slice(2);
const io = new Emitter(new Redis(Number(redis), '127.0.0.1'));
takeLines(Number(port), (posts) => {
  for (const post of posts) {
    const { channel, ...rest } = JSON.parse(post);
    io.to(channel).emit('post', { ...rest, channel });
  }
});
