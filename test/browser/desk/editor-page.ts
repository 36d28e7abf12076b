import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import type { EditorOptions } from '../../../client/browser/desk/editor/body-editor.ts';
import { type HostSite, startHostSite } from '../../support/servers/host-page.ts';
import type { TestBrowser, WatchedPage } from '../browser.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** The script of the page under test. It collects the calls of the editor in `reported`. */
const entry = `
  import { createEditor } from './client/browser/desk/editor/editor.ts';
  const reported = { submits: 0, changes: [], addresses: [], links: 0 };
  window.open = (options) => {
    window.editor?.destroy();
    window.editor = createEditor(document.querySelector('main'), {
      label: 'Text', placeholder: 'What happened?',
      onChange: (body) => reported.changes.push(body),
      onSubmit: () => (reported.submits += 1),
      onLink: () => (reported.links += 1),
      onAddress: (url) => options.takesAddresses === true && reported.addresses.push(url) > 0,
      ...options,
    });
  };
  window.reported = reported;
  // Puts what a test pastes on the clipboard, in place of the selection.
  window.addEventListener('beforecopy', (event) => window.toCopy && event.preventDefault(), true);
  window.addEventListener('copy', (event) => {
    if (!window.toCopy) return;
    for (const [type, text] of Object.entries(window.toCopy)) event.clipboardData.setData(type, text);
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
`;

export interface EditorPage extends WatchedPage {
  /** The body as it would be published. */
  body(): Promise<string>;
  /** The html of the editor, without attributes. */
  shown(): Promise<string>;
  reported(): Promise<{ submits: number; changes: string[]; addresses: string[]; links: number }>;
  /** Puts this on the clipboard of the browser, and pastes it by keyboard. */
  paste(data: Record<string, string>): Promise<void>;
}

/** A page with the editor alone, under the policy of the desk. */
export function editorSite(start: () => Promise<TestBrowser>) {
  let browser: TestBrowser;
  let site: HostSite;
  beforeAll(async () => {
    const options = { absWorkingDir: root, bundle: true, write: false, target: 'es2022', charset: 'utf8' } as const;
    const [script, style] = await Promise.all([
      build({ ...options, stdin: { contents: entry, resolveDir: root } }),
      build({ ...options, stdin: { contents: styles, loader: 'css', resolveDir: root } }),
    ]);
    [browser, site] = await Promise.all([start(), startHostSite()]);
    site.put('/editor.js', script.outputFiles[0]?.text ?? '');
    site.put('/editor.css', style.outputFiles[0]?.text ?? '');
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await site?.[Symbol.asyncDispose]();
  });
  return async (
    options: Partial<EditorOptions> & { takesAddresses?: boolean } = {},
    context: Parameters<TestBrowser['page']>[0] = {},
  ): Promise<EditorPage> => {
    const policy = `default-src 'none'; script-src 'self'; style-src 'self'; require-trusted-types-for 'script'; trusted-types pressbox lit-html ProseMirrorClipboard`;
    const head = '<link rel="stylesheet" href="/editor.css"><script src="/editor.js" defer></script>';
    const url = site.put('/editor', '<button id="before">Before</button><main></main><button id="after">After</button>', {
      policy,
      head,
    });
    const watched = await browser.page(context);
    const { page } = watched;
    await page.goto(url);
    await page.evaluate(`window.open(${JSON.stringify({ body: '', language: 'en', ...options })})`);
    await page.locator('[data-path=body]').focus();
    return { ...watched, ...readings(page) };
  };
}

const styles = ['../../styles/base.css', '../../styles/post.css', './editor.css']
  .map((path) => readFileSync(join(root, 'client/browser/desk/styles', path), 'utf8').replace(/@import[^;]*;/g, ''))
  .join('\n');

function readings(page: Page): Pick<EditorPage, 'body' | 'shown' | 'reported' | 'paste'> {
  return {
    body: () => page.evaluate<string>('editor.body'),
    shown: () =>
      page.evaluate<string>(`(() => {
        const copy = document.querySelector('.rich-text').cloneNode(true);
        copy.querySelectorAll('.ProseMirror-trailingBreak, .ProseMirror-separator').forEach((element) => element.remove());
        return copy.innerHTML.replace(/<(\\w+)[^>]*>/g, '<$1>');
      })()`),
    reported: () => page.evaluate('reported'),
    async paste(data) {
      await page.evaluate(`window.toCopy = ${JSON.stringify(data)}`);
      await page.keyboard.press('Control+c');
      await page.evaluate('window.toCopy = undefined');
      await page.keyboard.press('Control+v');
    },
  };
}
