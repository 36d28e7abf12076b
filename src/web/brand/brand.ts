import type { Html } from '../../../client/browser/view/html.ts';
import type { LowContrast } from './contrast.ts';

/** A paper's brand, as pages, frames and feeds show it. Without one they say "Pressbox". */
export interface Brand extends BrandSettings {
  logo: BrandPicture | undefined;
  favicons: readonly BrandPicture[];
  /** URL of the style sheet of pages. */
  pageSheet: string;
  /** URL of the style sheet of `/embed/{c}`. */
  frameSheet: string;
  header: Html | undefined;
  footer: Html | undefined;
  /** The files served below `/brand/`, by the name in the folder: `fonts/text.woff2`. */
  files: ReadonlyMap<string, BrandFile>;
  /** Texts that are hard to read. */
  lowContrasts: readonly LowContrast[];
  /** The memory that the files take, compressed copies included. */
  bytes: number;
}

/** The contents of `brand.json`. */
export interface BrandSettings {
  /** The publisher. */
  name: string;
  /** The language of the name, the links, `header.html` and `footer.html`. */
  language?: string | undefined;
  /** The paper's home page. */
  url?: string | undefined;
  /** The logo contains the name, which is then not written beside it. */
  logoShowsName: boolean;
  signInUrl?: string | undefined;
  subscribeUrl?: string | undefined;
  /** Imprint, privacy policy, terms. */
  legalLinks: readonly { label: string; url: string }[];
  scripts: readonly BrandScript[];
}

/** A script for audience measurement or consent. `data`: its `data-` attributes. */
export interface BrandScript {
  src: string;
  data: Readonly<Record<string, string>>;
}

export interface BrandPicture {
  /** URL, such as `/brand/logo.5F3K2A.svg`. */
  url: string;
  /** Media type. */
  type: string;
  /** In pixels. Unknown for icons. */
  size?: { width: number; height: number };
}

export interface BrandFile {
  /** URL with a hash of the content. */
  url: string;
  bytes: Buffer;
  /** The compressed copy of a text file. */
  gzipped: Buffer | undefined;
  /** Media type. */
  type: string;
}

/** A mistake in a file of the brand. The message says what helps. */
export interface BrandMistake {
  /** The name in the folder. */
  file: string;
  /** From 1. Undefined if the mistake is in no line. */
  line?: number | undefined;
  message: string;
}

/** The line of an index in a text, from 1. */
export function lineAt(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}

/** Whether a link may lead there: a web page, a path of this host, an e-mail address or a telephone number. */
export function isLinkTarget(target: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the refused characters
  if (/[\s\\\u0000-\u001f\u007f]/u.test(target)) return false;
  if (/^\/(?!\/)/.test(target) || target.startsWith('#')) return true;
  return /^(?:https?:\/\/[^/]|mailto:.|tel:\+?\d)/i.test(target) && URL.canParse(target);
}

/** The targets that `isLinkTarget` accepts, as mistakes name them. */
export const linkTargets = 'https://, http://, mailto: or tel:, or with / for a path of this host';
