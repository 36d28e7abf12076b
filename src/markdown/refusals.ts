import { htmlBytes } from '../protocol/client-limits.ts';
import { Refusal } from '../protocol/problems.ts';

/** The refusals of a body whose html would be too large or too deeply nested. */

export function tooMuchHtml(): Refusal {
  return refusal(`Becomes more than ${htmlBytes / 1024} KiB of html.`);
}

export function tooDeeplyNested(): Refusal {
  return refusal('Must not nest lists and quotes this deeply.');
}

function refusal(message: string): Refusal {
  return new Refusal('invalid-body', { errors: [{ path: 'body', message }] });
}
