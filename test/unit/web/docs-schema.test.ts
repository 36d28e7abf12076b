import { describe, expect, it } from 'vitest';
import { html, type Part } from '../../../client/browser/view/html.ts';
import { refTo } from '../../../src/apidocs/json-schema.ts';
import { docsPage } from '../../../src/web/pages/docs.ts';
import { typeOf } from '../../../src/web/pages/docs-schema.ts';

const withoutTags = (markup: string) => markup.replace(/<[^>]+>/g, '');
const textOf = (part: Part) => withoutTags(html`<p>${part}</p>`.text);

describe('the API reference', () => {
  const assets = {
    basePath: '',
    front: '',
    followPost: '',
    keepSession: '',
    script: '',
    style: '',
    print: '',
    site: '',
    docs: '',
    words: {},
  };
  const page = docsPage({ publicUrl: 'https://live.example', assets });

  it('says once that a value may be null, whichever way its schema is written', () => {
    expect(textOf(typeOf({ anyOf: [refTo('Time'), { type: 'null' }] }))).toBe('Time or null');
    expect(textOf(typeOf({ type: ['string', 'null'] }))).toBe('string or null');
    expect(withoutTags(page)).toContain('PostId or null');
  });

  it('names every alternative of a type', () => {
    expect(withoutTags(page)).not.toMatch(/\bor\s+or\b/);
  });

  it('shows no empty table for a message or body without fields of its own', () => {
    expect(page).toContain('id="schema-Ping"');
    expect(page).not.toContain('<dl class="rows"></dl>');
  });
});
