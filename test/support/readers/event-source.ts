import { spawn } from 'node:child_process';

/** A standard EventSource: Node's own, in a separate program that prints its messages. */
export interface EventSourceProgram extends Disposable {
  /** The messages so far, by name with their cursor; `gave up` if it will not reconnect. */
  readonly heard: { name: string; lastEventId?: string; [field: string]: unknown }[];
}

export function openEventSource(url: string): EventSourceProgram {
  const program = `
    const source = new EventSource(${JSON.stringify(url)});
    for (const name of ['catchup', 'post.published', 'drain'])
      source.addEventListener(name, ({ data, lastEventId }) => console.log(JSON.stringify({ name, lastEventId, ...JSON.parse(data) })));
    // An EventSource that waits does not keep Node alive.
    setInterval(() => {}, 1_000);
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) console.log('{"name":"gave up"}'); };`;
  const child = spawn(process.execPath, ['--experimental-eventsource', '--no-warnings', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  return {
    get heard() {
      // The last line is incomplete.
      const lines = printed.split('\n').slice(0, -1);
      return lines.map((line) => JSON.parse(line));
    },
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  };
}
