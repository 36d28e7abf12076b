import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Brand } from '../../../src/web/brand/brand.ts';
import { brandLimits } from '../../../src/web/brand/brand-limits.ts';
import { type Property, properties } from '../../../src/web/brand/properties.ts';
import { readBrand } from '../../../src/web/brand/read-brand.ts';
import { root } from '../../support/runner/imports.ts';

const smallest = '{ "name": "The Harbour Post" }';
const sources = ['https://stats.example.org'];

async function read(files: Record<string, string | Buffer>) {
  const folder = await mkdtemp(join(tmpdir(), 'pressbox-brand-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries({ 'brand.json': smallest, ...files })) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return await readBrand(folder, { pageStyles: '.paper-footer{}', sources });
}

/** "brand.css 3: what is wrong". */
async function mistakesIn(files: Record<string, string | Buffer>): Promise<string[]> {
  const found = await read(files);
  if (found.status === 'read') throw new Error('The brand was accepted.');
  return found.mistakes.map(({ file, line, message }) => `${file}${line === undefined ? '' : ` ${line}`}: ${message}`);
}

async function brandOf(files: Record<string, string | Buffer>): Promise<Brand> {
  const found = await read(files);
  if (found.status === 'mistakes') throw new Error(JSON.stringify(found.mistakes));
  return found.brand;
}

const sheet = (brand: Brand, name: 'pages.css' | 'frame.css') => brand.files.get(name)?.bytes.toString() ?? '';

describe('a brand', () => {
  it('needs only a name', async () => {
    const brand = await brandOf({});
    expect(brand).toMatchObject({ name: 'The Harbour Post', legalLinks: [], scripts: [], favicons: [], logoShowsName: false });
    expect([brand.logo, brand.header, brand.footer]).toEqual([undefined, undefined, undefined]);
    expect(sheet(brand, 'pages.css')).toBe('.paper-footer{}');
  });

  it('gets URLs with a hash of the content', async () => {
    const logo = (colour: string) => ({ 'logo.svg': `<svg viewBox="0 0 240 40"><path fill="${colour}"/></svg>` });
    const [one, other] = [await brandOf(logo('red')), await brandOf(logo('blue'))];
    expect(one.logo).toMatchObject({
      url: expect.stringMatching(/^\/brand\/logo\.[\w-]{12}\.svg$/),
      size: { width: 240, height: 40 },
    });
    expect(other.logo?.url).not.toBe(one.logo?.url);
  });

  it('may contain licences, notes and hidden files', async () => {
    await brandOf({ 'README.md': 'x', 'fonts/LICENSE': 'x', 'fonts/OFL.txt': 'x', '.DS_Store': 'x' });
  });

  it('may consist of links into a hidden folder, like a mounted ConfigMap', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pressbox-brand-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await mkdir(join(folder, '..data/fonts'), { recursive: true });
    await writeFile(join(folder, '..data/brand.json'), smallest);
    await writeFile(join(folder, '..data/fonts/a.woff2'), 'font');
    for (const name of ['brand.json', 'fonts']) await symlink(join('..data', name), join(folder, name));
    const found = await readBrand(folder, { pageStyles: '', sources });
    expect(found.status === 'read' && [...found.brand.files.keys()]).toEqual(['fonts/a.woff2', 'pages.css', 'frame.css']);
  });

  it('is refused with every mistake in every file at once, in the order of files and lines', async () => {
    const mistakes = await mistakesIn({
      'brand.json': '{\n  "name": "",\n  "colour": "red"\n}',
      'brand.css': 'body { color: red }\n:root { --pressbox-inc: #000000 }',
      'header.html': '<p>\n<script>x</script>\n</p>',
      'Footer.html': '',
    });
    expect(mistakes).toEqual([
      expect.stringMatching(/^Footer\.html: is not part of a brand\. A brand has .*footer\.html/),
      expect.stringMatching(/^brand\.css 1: "body" is not accepted\./),
      expect.stringMatching(/^brand\.css 2: --pressbox-inc: is no documented property\./),
      'brand.json 2: name: Must not be empty.',
      'brand.json 3: colour: Is not a known field.',
      expect.stringMatching(/^header\.html 2: <script> is not accepted\. Accepted are nav, /),
    ]);
  });

  it('is refused if the folder, brand.json or the logo it speaks of is missing', async () => {
    expect(await readBrand('/no/such/folder', { pageStyles: '', sources })).toEqual({
      status: 'mistakes',
      mistakes: [{ file: '', message: 'is no folder that this process can read.' }],
    });
    expect(await mistakesIn({ 'brand.json': '{"name": "Post", "logoShowsName": true}' })).toEqual([
      'brand.json: logoShowsName: there is no logo.svg that could show the name.',
    ]);
    const folder = await mkdtemp(join(tmpdir(), 'pressbox-brand-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    expect(await readBrand(folder, { pageStyles: '', sources })).toMatchObject({ mistakes: [{ file: 'brand.json' }] });
  });

  it('is refused if a file is too large, not UTF-8, or of a type that no brand has', async () => {
    const { brandFileBytes, brandTextBytes, brandFilesMost } = brandLimits;
    expect(
      await mistakesIn({
        'brand.css': ' '.repeat(brandTextBytes + 1),
        'header.html': Buffer.from([0x3c, 0xff]),
        'fonts/a.woff2': Buffer.alloc(brandFileBytes + 1),
        'fonts/b.eot': 'x',
        'logo.png': 'x',
        'a b.png': 'x',
      }),
    ).toEqual([
      'a b.png: must have a name of letters, digits, dots, hyphens and underscores.',
      'brand.css: is larger than 64 KiB.',
      'fonts/a.woff2: is larger than 1024 KiB.',
      expect.stringMatching(/^fonts\/b\.eot: is not part of a brand\./),
      'header.html: is not UTF-8.',
      'logo.png: must be logo.svg, which is sharp at every size.',
    ]);
    const largest = { 'brand.css': ' '.repeat(brandTextBytes), 'fonts/a.woff2': Buffer.alloc(brandFileBytes) };
    expect((await brandOf(largest)).files.has('fonts/a.woff2')).toBe(true);
    const many = Object.fromEntries(Array.from({ length: brandFilesMost }, (_, at) => [`p${at}.png`, 'x']));
    expect(await mistakesIn(many)).toEqual([`: has more than ${brandFilesMost} files.`]);
    const { 'p0.png': _, ...fewer } = many;
    expect((await brandOf(fewer)).files.has('p1.png')).toBe(true);
  });

  it('is refused if its files have more than brandBytes together', async () => {
    const { brandBytes, brandFileBytes } = brandLimits;
    const own = Buffer.byteLength(smallest);
    const fonts = (last: number) =>
      Object.fromEntries(
        Array.from({ length: brandBytes / brandFileBytes }, (_, nth) => [
          `fonts/${nth}.woff2`,
          Buffer.alloc(nth === 0 ? brandFileBytes - own + last : brandFileBytes),
        ]),
      );
    expect((await brandOf(fonts(0))).files.has('fonts/1.woff2')).toBe(true);
    expect(await mistakesIn(fonts(1))).toEqual([`: has more than ${brandBytes / 1024} KiB of files.`]);
  });
});

describe('brand.json', () => {
  it('may reach its limits, and not exceed them', async () => {
    const { brandNameCharacters, brandLinksMost, brandScriptsMost } = brandLimits;
    const link = { label: 'Imprint', url: 'https://example.org/' };
    const script = { src: `${sources[0]}/a.js` };
    const data = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, nth) => [`a${nth}`, 'x']));
    const settings = (more: number) => ({
      name: 'x'.repeat(brandNameCharacters + more),
      legalLinks: Array(brandLinksMost + more).fill(link),
      scripts: Array(brandScriptsMost + more).fill({ ...script, data: data(brandScriptsMost + more) }),
    });
    const file = (more: number) => ({ 'brand.json': JSON.stringify(settings(more)) });
    expect((await brandOf(file(0))).legalLinks).toHaveLength(brandLinksMost);
    const places = (await mistakesIn(file(1))).map(
      (mistake) => /(name|legalLinks|scripts(?:\[\d+\]\.data)?):/.exec(mistake)?.[1],
    );
    expect([...new Set(places)]).toEqual(expect.arrayContaining(['name', 'legalLinks', 'scripts']));
    const scripts = [{ ...script, data: data(brandScriptsMost + 1) }];
    expect(await mistakesIn({ 'brand.json': JSON.stringify({ name: 'x', scripts }) })).toEqual([
      expect.stringContaining('Has too many entries.'),
    ]);
  });

  it('has the links, the language and the scripts of the paper', async () => {
    const settings = {
      name: 'The Harbour Post',
      language: 'en',
      url: 'https://www.harbourpost.example/',
      signInUrl: 'https://www.harbourpost.example/login?return={page}',
      subscribeUrl: '/subscribe',
      legalLinks: [
        { label: 'Imprint', url: 'https://www.harbourpost.example/imprint' },
        { label: 'Write to us', url: 'mailto:desk@harbourpost.example' },
      ],
      scripts: [{ src: 'https://stats.example.org/measure.js', data: { site: 'harbour' } }],
    };
    expect(await brandOf({ 'brand.json': JSON.stringify(settings) })).toMatchObject(settings);
  });

  it.each([
    ['{\n  "name": "Post",\n}', 'brand.json 3: is not JSON: unexpected }'],
    ['{ "name": "Post"', 'brand.json 1: ends before the JSON is complete.'],
    [
      '{"name":"P",\n"url":"javascript:alert(1)"}',
      'brand.json 2: url: Must begin with https://, http://, or / for a path of this host.',
    ],
    [
      '{"name":"P",\n"signInUrl":"//evil.example"}',
      'brand.json 2: signInUrl: Must begin with https://, http://, or / for a path of this host.',
    ],
    [
      '{"name":"P","legalLinks":[\n{"label":"a","url":"/a"},\n{"label":"b",\n"url":"b"}]}',
      'brand.json 4: legalLinks[1].url: Must begin with https://, http://, mailto: or tel:, or with / for a path of this host.',
    ],
    [
      '{"name":"P","scripts":[{\n"src":"https://other.example/x.js"}]}',
      'brand.json 2: scripts[0].src: Must be a URL of one of the origins in PRESSBOX_PAGE_SOURCES.',
    ],
    ['{"name":"P",\n"legalLinks":[{"label":"Imprint"}]}', 'brand.json 2: legalLinks[0].url: Is required.'],
  ])('is refused with the line of %s', async (text, mistake) => {
    expect(await mistakesIn({ 'brand.json': text })).toEqual([mistake]);
  });
});

describe('brand.css', () => {
  it('sets colours for both schemes, fonts and lengths, on pages and in frames', async () => {
    const brand = await brandOf({
      'brand.css': `/* the paper's look */
        :root { --pressbox-ink: #112233; --pressbox-font: "Harbour", Georgia, serif; --pressbox-radius: 0; --pressbox-bar: oklch(40% 0.1 20) }
        @media (prefers-color-scheme: dark) { :root { --pressbox-ink: #eeeeee; } }`,
    });
    const own =
      ':root{--pressbox-ink:#112233;--pressbox-font:"Harbour", Georgia, serif;--pressbox-radius:0;--pressbox-bar:oklch(40% 0.1 20);';
    expect(sheet(brand, 'pages.css')).toBe(
      `.paper-footer{}${own}--serif:var(--pressbox-font);}@media screen{:root{--ink:var(--pressbox-ink);}}@media screen and (prefers-color-scheme:dark){:root{--pressbox-ink:#eeeeee;}}`,
    );
    expect(sheet(brand, 'frame.css')).toBe(own.replace('#112233', 'light-dark(#112233,#eeeeee)').replace(/$/, '}'));
  });

  it('loads the fonts of the folder', async () => {
    const brand = await brandOf({
      'fonts/harbour.woff2': 'font',
      'brand.css': `@font-face {
        font-family: "Harbour"; font-weight: 400 700; font-display: swap; unicode-range: U+0000-00FF, U+0131;
        src: url("fonts/harbour.woff2") format("woff2"), url(./fonts/harbour.woff2);
      }`,
    });
    const url = brand.files.get('fonts/harbour.woff2')?.url;
    expect(url).toMatch(/^\/brand\/fonts\/harbour\.[\w-]{12}\.woff2$/);
    for (const name of ['pages.css', 'frame.css'] as const) {
      expect(sheet(brand, name)).toContain(`src:url("${url}") format("woff2"),url("${url}")}`);
    }
  });

  it('accepts every documented property with a value of its kind', async () => {
    const values = {
      colour: 'light-dark(#fff, var(--pressbox-ink))',
      fonts: "-apple-system, 'Harbour Sans', sans-serif",
      length: 'min(2rem, 4vw)',
    };
    const lines = Object.entries(properties as Record<string, Property>).map(([name, { kind }]) => `${name}: ${values[kind]};`);
    await brandOf({ 'brand.css': `:root {${lines.join('\n')}}` });
  });

  it.each([
    ['@import url("x.css");', '"@import url("x.css")" is not accepted.'],
    [
      '@font-face { font-family: "A"; src: url(https://fonts.example/a.woff2) }',
      'src: https://fonts.example/a.woff2 is not in fonts/.',
    ],
    ['@font-face { font-family: "A"; src: url(fonts/../../secret) }', 'src: there is no file fonts/../../secret.'],
    ['@font-face { font-family: "A"; src: local("Arial") }', 'src must be url("fonts/…")'],
    ['@font-face { font-family: "A" }', '@font-face needs src: url("fonts/…").'],
    ['@font-face { src: url(fonts/a.woff2) }', '@font-face needs font-family.'],
    ['@font-face { font-family: "A"; src: url(fonts/a.woff2); color: red }', 'color is no descriptor of @font-face'],
    [':root { color: red }', 'color: is no custom property that begins with --pressbox-.'],
    [':root { --pressbox-ink: url(https://evil.example/x) }', '--pressbox-ink: must be a colour'],
    [':root { --pressbox-ink: #12345 }', '--pressbox-ink: must be a colour'],
    [':root { --pressbox-ink: rgb(1 2 3 }', '--pressbox-ink: the value must not contain'],
    [':root { --pressbox-ink: var(--other) }', '--pressbox-ink: must be a colour'],
    [':root { --pressbox-ink: #000 !important }', '--pressbox-ink: must be a colour'],
    [':root { --pressbox-font: "Har\\bour" }', '--pressbox-font: the value must not contain'],
    [':root { --pressbox-radius: round }', '--pressbox-radius: must be a length'],
    [':root { --pressbox-ink: #000; --pressbox-ink: #111 }', '--pressbox-ink is set twice.'],
    [':root { --pressbox-ink }', 'A declaration must be a name, a colon and a value.'],
    [':root { --pressbox-ink: #000;', 'A block is not closed: } is missing.'],
    [':root, body { --pressbox-ink: #000 }', '":root, body" is not accepted.'],
    ['@media print { :root { --pressbox-ink: #000 } }', '"@media print" is not accepted.'],
    ['@media (prefers-color-scheme: dark) { a { color: red } }', 'Only :root may be inside'],
    ['@media (prefers-color-scheme: dark) { :root { --pressbox-ink: #fff } }', '--pressbox-ink is set for the dark scheme only.'],
    ['</style><script>x</script>', '"</style><script>x</script>" is not accepted.'],
  ])('is refused with the line of %s', async (text, message) => {
    const mistakes = await mistakesIn({ 'brand.css': `\n\n${text}`, 'fonts/a.woff2': 'font' });
    expect(mistakes).toEqual([expect.stringContaining(`brand.css 3: ${message}`)]);
  });
});

it('header.html may nest brandMarkupDepth elements, and no more', async () => {
  const nested = (depth: number) => ({ 'header.html': `${'<div>'.repeat(depth)}x${'</div>'.repeat(depth)}` });
  expect((await brandOf(nested(brandLimits.brandMarkupDepth))).header).toBeDefined();
  expect(await mistakesIn(nested(brandLimits.brandMarkupDepth + 1))).toContainEqual(expect.stringContaining('nested deeper'));
});

describe('the contrast of a brand', () => {
  it('is reported where a text is hard to read, in each scheme, with the two properties', async () => {
    const { lowContrasts } = await brandOf({
      'brand.css': `:root { --pressbox-quiet: #999; --pressbox-bar: #0b3d4f; --pressbox-on-bar: white }
        @media (prefers-color-scheme: dark) { :root { --pressbox-bar: #ffd23f } }`,
    });
    const quiet = { foreground: '--pressbox-quiet', contrast: 2.7 };
    expect(lowContrasts).toEqual([
      { scheme: 'light', ...quiet, background: '--pressbox-background' },
      { scheme: 'light', ...quiet, background: '--pressbox-raised', contrast: 2.5 },
      { scheme: 'dark', foreground: '--pressbox-on-bar', background: '--pressbox-bar', contrast: 1.4 },
    ]);
  });

  it('is sufficient in the defaults and in the examples, and unknown for colours that are no hexadecimal ones', async () => {
    expect((await brandOf({})).lowContrasts).toEqual([]);
    expect((await brandOf({ 'brand.css': ':root { --pressbox-ink: rgb(250 250 250) }' })).lowContrasts).toEqual([]);
    for (const name of ['morning-packet', 'signal-north', 'al-marsa']) {
      const found = await readBrand(join(root, 'examples/brands', name), { pageStyles: '', sources });
      expect(found, name).toMatchObject({ status: 'read', brand: { lowContrasts: [] } });
    }
  });
});

describe('header.html and footer.html', () => {
  it('may have links, lists, pictures of the folder and text, and are written anew', async () => {
    const brand = await brandOf({
      'ferry.png': 'x',
      'header.html': `<!-- sections -->
<NAV aria-label='Sections'><ul><li><a href="/world" lang="en">World &amp; sea</a></li></ul></NAV>
<p dir="rtl">a<br>b &#169; <img src="ferry.png" alt="" width="16" height="9"/></p>`,
    });
    expect(brand.header?.text).toBe(
      `<nav aria-label="Sections"><ul><li><a href="/world" lang="en">World &amp; sea</a></li></ul></nav>
<p dir="rtl">a<br>b © <img src="${brand.files.get('ferry.png')?.url}" alt="" width="16" height="9"></p>`,
    );
  });

  it.each([
    ['<p onclick="x()">a</p>', 'onclick is not accepted on <p>. Accepted are lang, dir.'],
    ['<p style="color:red">a</p>', 'style is not accepted on <p>.'],
    ['<a href="javascript:alert(1)">a</a>', 'href="javascript:alert(1)" must begin with'],
    ['<a href="java&#115;cript:alert(1)">a</a>', 'href="javascript:alert(1)" must begin with'],
    ['<a href="//evil.example">a</a>', 'href="//evil.example" must begin with'],
    ['<a>a</a>', '<a> needs href.'],
    [
      '<img src="https://evil.example/x.png" alt="" width="1" height="1">',
      'src="https://evil.example/x.png" must be the name of a picture',
    ],
    ['<img src="ferry.png" alt="" width="1">', '<img> needs height in pixels'],
    ['<iframe src="x"></iframe>', '<iframe> is not accepted.'],
    ['<svg><path/></svg>', '<svg> is not accepted.'],
    ['<p><div>a</div></p>', '<div> must not be in <p>.'],
    ['<ul>a</ul>', 'Text in <ul> must be in <li>.'],
    ['<li>a</li>', '<li> must be in <ul> or <ol>.'],
    ['<a href="/a"><a href="/b">b</a></a>', 'A link must not be inside a link.'],
    ['<p>a', '<p> is not closed: </p> is missing.'],
    ['a</p>', '</p> ends no element.'],
    ['<p><b>a</p></b>', '</b> is missing before </p>.'],
    ['a < b', 'This < begins no tag.'],
    ['<a href=/x>a</a>', 'This < begins no tag.'],
    ['<p title="a>b</p>', 'This < begins no tag.'],
    ['&bogus;', '&bogus; is not accepted.'],
    ['<nav>a</nav>', '<nav> needs aria-label'],
    [`${'<b>'.repeat(20)}a`, 'Elements are nested deeper than'],
  ])('are refused with the line of %s', async (text, message) => {
    const [mistake] = await mistakesIn({ 'footer.html': `\n\n${text}`, 'ferry.png': 'x' });
    expect(mistake).toContain(`footer.html 3: ${message}`);
  });
});

describe('the table of properties', () => {
  const css = (path: string) => readFileSync(join(root, 'client/browser', path), 'utf8').replace(/\s+/g, ' ');
  const page = css('styles/base.css');
  const [light = '', dark = ''] = page.split('prefers-color-scheme: dark');
  const all = ['bar', 'base', 'brand', 'channel-list', 'masthead', 'missed-summary', 'paging', 'post', 'side', 'sign-in'].map(
    (name) => css(`styles/${name}.css`),
  );
  const element = ['host', 'coverage', 'frame'].map((name) => css(`element/${name}.css`)).join(' ');
  const ofElement = `${element} ${['post', 'missed-summary'].map((name) => css(`styles/${name}.css`)).join(' ')}`;

  it.each(Object.entries(properties as Record<string, Property>))('agrees with the style sheets about %s', (name, property) => {
    const { on, variable, fallback, elementFallback = fallback } = property;
    if (on !== 'element' && variable === undefined) expect(all.join(' ')).toContain(`var(${name}`);
    if (on !== 'element' && variable !== undefined) {
      expect(all.join(' ')).toMatch(new RegExp(`var\\(${variable}\\b`));
      if (typeof fallback === 'object' && fallback.light.startsWith('#')) {
        expect(light).toContain(` ${variable}: ${fallback.light};`);
        expect(dark).toContain(` ${variable}: ${fallback.dark};`);
      }
    }
    if (on !== 'pages') {
      expect(ofElement).toContain(`var(${name}`);
      if (typeof elementFallback === 'object') {
        expect(element).toContain(`var(${name}, light-dark(${elementFallback.light}, ${elementFallback.dark}))`);
      } else if (/^[\d"u]|^max\(|, /.test(elementFallback) && !elementFallback.includes('`')) {
        expect(element).toContain(`var(${name}, ${elementFallback})`);
      }
    }
  });

  it('has every property that the style sheets use', () => {
    const used = new Set([...all, ofElement].flatMap((text) => text.match(/--pressbox-[\w-]+/g) ?? []));
    expect([...used].filter((name) => !(name in properties))).toEqual([]);
  });
});
