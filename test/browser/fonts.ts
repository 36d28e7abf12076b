import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Makes layouts identical on every machine: browsers under test use the DejaVu fonts of a package and none of the machine. */

const generic = { 'sans-serif': 'DejaVu Sans', serif: 'DejaVu Serif', monospace: 'DejaVu Sans Mono' };

/** The environment that makes a browser with this profile use these fonts. If FONTCONFIG_FILE is set, its fonts are used instead. */
export async function fontsFor(profile: string): Promise<Record<string, string>> {
  const given = process.env.FONTCONFIG_FILE;
  if (given) return { FONTCONFIG_FILE: given };
  const file = join(profile, 'fonts.conf');
  const fonts = join(dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json')), 'ttf');
  const aliases = Object.entries(generic).map(
    ([family, font]) => `<alias binding="same"><family>${family}</family><prefer><family>${font}</family></prefer></alias>`,
  );
  await writeFile(
    file,
    `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
<dir>${fonts}</dir>
<cachedir>${join(tmpdir(), 'pressbox-test-fonts')}</cachedir>
${aliases.join('\n')}
</fontconfig>
`,
  );
  return { FONTCONFIG_FILE: file };
}
