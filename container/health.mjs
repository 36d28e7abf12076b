// The health check of the image: exits with 0 if the server answers.
const { PRESSBOX_HOST, PRESSBOX_PORT, PRESSBOX_ADMIN_PORT } = process.env;
const everywhere = { '0.0.0.0': '127.0.0.1', '::': '::1' };
const host = everywhere[PRESSBOX_HOST || '0.0.0.0'] ?? PRESSBOX_HOST;
const url = `http://${host.includes(':') ? `[${host}]` : host}:${PRESSBOX_ADMIN_PORT || PRESSBOX_PORT || 4000}/healthz`;
const response = await fetch(url).catch(() => undefined);
process.exitCode = response?.ok ? 0 : 1;
