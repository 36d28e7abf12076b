import { z } from 'zod';
import { malformedAt } from '../../api/malformed-json.ts';
import { languageTag, words } from '../../protocol/field-schemas.ts';
import { parse } from '../../protocol/parse.ts';
import { Refusal } from '../../protocol/problems.ts';
import { limits } from '../../protocol/wire-limits.ts';
import { type BrandMistake, type BrandSettings, isLinkTarget, lineAt, linkTargets } from './brand.ts';
import { brandLimits } from './brand-limits.ts';

/** Parses `brand.json`. Each mistake names the line of its value. */
const file = 'brand.json';

const label = words(brandLimits.brandNameCharacters);
const address = z.string().max(limits.urlCharacters).refine(isLinkTarget, `Must begin with ${linkTargets}.`);
const isWebPage = (value: string) => isLinkTarget(value) && /^(?:https?:\/\/|\/)/i.test(value);
/** The target of a link with a meaning of its own, such as signing in, which must be a page. */
const webPage = z
  .string()
  .max(limits.urlCharacters)
  .refine(isWebPage, 'Must begin with https://, http://, or / for a path of this host.');
const dataName = z.string().regex(/^[a-z][a-z0-9-]*$/, 'Must be lower-case letters, digits and hyphens, without data-.');

/** `sources`: the values of PRESSBOX_PAGE_SOURCES. */
function schemaFor(sources: readonly string[]) {
  const isAllowed = (src: string) => sources.includes(URL.parse(src)?.origin ?? '') && !/[\s\\]/.test(src);
  const script = z.strictObject({
    src: z.string().refine(isAllowed, 'Must be a URL of one of the origins in PRESSBOX_PAGE_SOURCES.'),
    data: z
      .record(dataName, words(limits.urlCharacters))
      .refine((data) => Object.keys(data).length <= brandLimits.brandScriptsMost, 'Has too many entries.')
      .default({}),
  });
  return z.strictObject({
    name: label,
    language: languageTag.optional(),
    url: webPage.optional(),
    logoShowsName: z.boolean().default(false),
    signInUrl: webPage.optional(),
    subscribeUrl: webPage.optional(),
    legalLinks: z
      .array(z.strictObject({ label, url: address }))
      .max(brandLimits.brandLinksMost)
      .default([]),
    scripts: z.array(script).max(brandLimits.brandScriptsMost).default([]),
  });
}

export function parseBrandFile(
  text: string,
  sources: readonly string[],
): { settings: BrandSettings | undefined; mistakes: BrandMistake[] } {
  const wrongAt = malformedAt(text);
  if (wrongAt !== undefined) {
    const found = text[wrongAt];
    const message = found === undefined ? 'ends before the JSON is complete.' : `is not JSON: unexpected ${found}`;
    return { settings: undefined, mistakes: [{ file, line: lineAt(text, wrongAt), message }] };
  }
  try {
    return { settings: parse(schemaFor(sources), JSON.parse(text)), mistakes: [] };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const mistakes = (error.problem.errors ?? []).map(({ path, message }): BrandMistake => {
      const line = lineAt(text, positionOf(text, path.match(/\w[\w-]*/g) ?? []));
      return { file, line, message: path === '' ? message : `${path}: ${message}` };
    });
    return { settings: undefined, mistakes };
  }
}

const stringToken = /"(?:[^"\\]|\\.)*"/y;
const spaceToken = /[\s,:]*/y;

/** The index in valid JSON at which the value of the path begins. If it is missing, the index of the value around it. */
function positionOf(text: string, path: readonly string[]): number {
  let at = 0;
  const take = (token: RegExp): string => {
    token.lastIndex = at;
    const [found = ''] = token.exec(text) ?? [];
    at += found.length;
    return found;
  };
  const skipValue = () => {
    let depth = 0;
    do {
      take(spaceToken);
      const next = text[at] ?? '';
      if (take(stringToken) !== '') continue;
      if ('{['.includes(next)) depth += 1;
      if ('}]'.includes(next)) depth -= 1;
      if (/[\]{}[]/.test(next)) at += 1;
      else take(/[\w.+-]+/y);
    } while (depth > 0 && at < text.length);
  };
  take(spaceToken);
  for (const step of path) {
    const start = at;
    const isList = text[at] === '[';
    at += 1;
    let isFound = false;
    for (let index = 0; at < text.length; index += 1) {
      take(spaceToken);
      if (/[\]}]/.test(text[at] ?? '')) break;
      const name = isList ? String(index) : (JSON.parse(take(stringToken) || '""') as string);
      take(spaceToken);
      isFound = name === step;
      if (isFound) break;
      skipValue();
    }
    if (!isFound) return start;
  }
  return at;
}
