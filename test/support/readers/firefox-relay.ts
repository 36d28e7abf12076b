import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { WebSocket, WebSocketServer } from 'ws';

/**
 * Adapts Debian's Firefox to Playwright. Playwright runs this program in place of Firefox. It starts Firefox and relays WebDriver
 * BiDi messages. It answers one command that this Firefox does not know and without which Playwright opens no page. When either
 * process ends, the other ends too.
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
  // For example when the test run is interrupted.
  playwright.on('close', () => browser.kill());
  await opened;
}
