import { basePath } from './base-path.ts';
import { deskPath } from './places.ts';

/**
 * The Trusted Types policy `pressbox` of the desk. The build puts it in place of `trusted-html.ts`, because the desk alone starts
 * workers, and a policy of one name is created once.
 */
const policy = makePolicy();

const serviceWorkerUrl = `${deskPath}service-worker.js`;
/** Set by the build: the address of the worker that scales pictures. */
declare const scalingWorkerUrl: string;

/** The markup was rendered by `view/` or by the server. */
export function trusted(markup: string): string {
  return (policy?.createHTML(markup) ?? markup) as string;
}

/** Parses a page of the server into an inert document. */
export function parseDocument(markup: string): Document {
  return new DOMParser().parseFromString(trusted(markup), 'text/html');
}

/** The policy lets the desk name two scripts: its service worker, and the worker that scales pictures. */
export function trustedServiceWorkerUrl(): string {
  return trustedScript(serviceWorkerUrl);
}

export function trustedScalingWorkerUrl(): string {
  return trustedScript(basePath + scalingWorkerUrl);
}

function trustedScript(url: string): string {
  return (policy?.createScriptURL(url) ?? url) as string;
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
    // Any other address becomes an empty one, which starts nothing.
    createScriptURL: (url: string) => (url === serviceWorkerUrl || url === basePath + scalingWorkerUrl ? url : ''),
  });
}
