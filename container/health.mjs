// The health check of the image: exits with 0 if the server answers.
const { PRESSBOX_HOST: host = '0.0.0.0', PRESSBOX_PORT: port } = process.env;
const everywhere = { '0.0.0.0': '127.0.0.1', '::': '::1' };
const address = everywhere[host] ?? host;
const response = await fetch(`http://${address.includes(':') ? `[${address}]` : address}:${port || 4000}/healthz`).catch(
  () => undefined,
);
process.exitCode = response?.ok ? 0 : 1;
