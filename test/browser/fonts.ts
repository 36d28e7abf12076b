import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Makes layouts identical on every machine: browsers under test use the DejaVu fonts of a package and none of the machine. */

const generic = { 'sans-serif': 'DejaVu Sans', 'system-ui': 'DejaVu Sans', serif: 'DejaVu Serif', monospace: 'DejaVu Sans Mono' };

/**
 * Headless Chromium asks for `system-ui` without a name, and would be given a serif. Browsers on a desktop use the sans-serif of
 * the interface.
 */
const sansAsSystemFont = `<match target="pattern">
${['sans-serif', 'serif', 'monospace'].map((family) => `<test qual="all" name="family" compare="not_eq"><string>${family}</string></test>`).join('\n')}
<edit name="family" mode="append_last"><string>sans-serif</string></edit>
</match>`;

/**
 * The environment that makes a browser with this profile use these fonts. If FONTCONFIG_FILE is set, its fonts are used instead.
 * `systemFont`: `system-ui` is the sans-serif, as on a desktop.
 */
export async function fontsFor(profile: string, { systemFont = false } = {}): Promise<Record<string, string>> {
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
${systemFont ? sansAsSystemFont : ''}
${aliases.join('\n')}
</fontconfig>
`,
  );
  return { FONTCONFIG_FILE: file };
}
