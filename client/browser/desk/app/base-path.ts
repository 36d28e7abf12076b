/** What the paths of the server begin with: nothing, or its base path, as the page says. Tests without a document have none. */
export const basePath = (globalThis as { document?: { body: { dataset: { base?: string } } } }).document?.body.dataset.base ?? '';
