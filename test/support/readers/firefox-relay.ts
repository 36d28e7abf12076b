import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { WebSocket, WebSocketServer } from 'ws';

/**
 * Debian's Firefox as Playwright wants to find it: run in its place with its arguments, it starts Firefox and hands on what both say over
 * WebDriver BiDi. A command that this Firefox does not know yet, and without which Playwright opens no page, is answered here. It ends
 * with Firefox, and Firefox with it.
 */
const unknownToFirefox = 'emulation.setMediaFeaturesOverride';

const [firefox, ...args] = process.argv.slice(2);
if (firefox === undefined) throw new Error('Which Firefox?');
const browser = spawn(firefox, args, { stdio: ['ignore', 'ignore', 'pipe'] });
browser.on('exit', (code) => process.exit(code ?? 1));
process.on('SIGTERM', () => browser.kill());

const relay = new WebSocketServer({ host: '127.0.0.1', port: 0 });
await once(relay, 'listening');
const { port } = relay.address() as AddressInfo;

createInterface({ input: browser.stderr }).on('line', (line) => {
  const [said, address] = /WebDriver BiDi listening on (ws:\S+)/.exec(line) ?? [];
  if (said !== undefined) relay.once('connection', (playwright) => void join(playwright, `${address}/session`));
  console.error(said === undefined ? line : `WebDriver BiDi listening on ws://127.0.0.1:${port}`);
});

async function join(playwright: WebSocket, address: string): Promise<void> {
  const bidi = new WebSocket(address, { perMessageDeflate: false });
  const opened = once(bidi, 'open');
  playwright.on('message', async (data) => {
    const command = String(data);
    const { id, method } = JSON.parse(command) as { id: number; method: string };
    if (method === unknownToFirefox) return playwright.send(JSON.stringify({ type: 'success', id, result: {} }));
    await opened;
    bidi.send(command);
  });
  bidi.on('message', (data) => playwright.send(String(data)));
  bidi.on('close', () => playwright.close());
  // As where the tests were ended themselves.
  playwright.on('close', () => browser.kill());
  await opened;
}
