/**
 * The Trusted Types policy `pressbox` of the desk. The build puts it in place of `trusted-html.ts`, because the desk alone registers
 * a service worker, and a policy of one name is created once.
 */
const policy = makePolicy();

const workerUrl = '/desk/service-worker.js';

/** The markup was rendered by `view/` or by the server. */
export function trusted(markup: string): string {
  return (policy?.createHTML(markup) ?? markup) as string;
}

/** Parses a page of the server into an inert document. */
export function parseDocument(markup: string): Document {
  return new DOMParser().parseFromString(trusted(markup), 'text/html');
}

/** The address of the service worker, the only script that the policy lets the desk name. */
export function trustedWorkerUrl(): string {
  return (policy?.createScriptURL('') ?? workerUrl) as string;
}

interface Policy {
  createHTML(markup: string): unknown;
  createScriptURL(url: string): unknown;
}

function makePolicy(): Policy | undefined {
  const { trustedTypes } = globalThis as {
    trustedTypes?: { createPolicy(name: string, rules: object): Policy };
  };
  return trustedTypes?.createPolicy('pressbox', {
    createHTML: (markup: string) => markup,
    createScriptURL: () => workerUrl,
  });
}
