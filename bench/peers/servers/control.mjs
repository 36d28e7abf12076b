import { createServer } from 'node:net';

/** Receives posts on a loopback port, one per line. `take` gets all lines that arrived together. */
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
