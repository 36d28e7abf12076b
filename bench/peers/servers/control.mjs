import { createServer } from 'node:net';

/** Where a peer takes its posts in: on a port of the loopback, each line is one post. `take` has all lines that came at once. */
export function takeLines(port, take) {
  const server = createServer((socket) => {
    let rest = '';
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    socket.on('data', (data) => {
      const lines = (rest + data).split('\n');
      rest = lines.pop();
      if (lines.length > 0) take(lines);
    });
  });
  server.listen(port, '127.0.0.1');
}
