import { readFileSync, writeFileSync } from 'node:fs';
import { configTable } from '../src/config.ts';

/**
 * Writes into the docs what is generated from the source, between `<!-- generated: NAME -->` and `<!-- end -->`. A test fails where
 * they differ.
 */
const file = new URL('../docs/configuration.md', import.meta.url);

const parts: Record<string, () => string> = { configuration: configTable };

/** The text with each generated part as it should be. */
export function withGenerated(text: string): string {
  return text.replace(
    /(<!-- generated: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, opening: string, name: string, closing: string) => {
      const part = parts[name];
      if (part === undefined) throw new Error(`The docs ask for "${name}", which nothing generates.`);
      return `${opening}\n${part()}\n\n${closing}`;
    },
  );
}

if (import.meta.main) writeFileSync(file, withGenerated(readFileSync(file, 'utf8')));
