import { spawn } from 'node:child_process';

/** An EventSource as browsers have it: Node's own, in a program of its own that prints what it hears. */
export interface EventSourceProgram extends Disposable {
  /** What it heard so far, each under its name with its cursor; `gave up` where it will never come back by itself. */
  readonly heard: { name: string; lastEventId?: string; [field: string]: unknown }[];
}

export function openEventSource(url: string): EventSourceProgram {
  const program = `
    const source = new EventSource(${JSON.stringify(url)});
    for (const name of ['catchup', 'post.published', 'drain'])
      source.addEventListener(name, ({ data, lastEventId }) => console.log(JSON.stringify({ name, lastEventId, ...JSON.parse(data) })));
    // Node's waits without keeping the process alive.
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
      // What follows the last line break is not whole yet.
      const lines = printed.split('\n').slice(0, -1);
      return lines.map((line) => JSON.parse(line));
    },
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  };
}
