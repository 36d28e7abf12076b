import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html, isolated } from '../../../client/browser/view/html.ts';

describe('text put into HTML', () => {
  it('is isolated if it contains a bidirectional control character, balanced or not', () => {
    expect(html`<b>${'plain \u200e'}</b>`.text).toBe('<b>plain \u200e</b>');
    expect(html`<b>${'a\u202eb'}</b>`.text).toBe('<b>\u2068a\u202eb\u2069</b>');
    expect(html`<b>${'\u2069\u202eb'}</b>`.text).toBe('<b>\u2068\u2068\u2069\u202eb\u2069</b>');
    expect(html`<b>${['\u2067a']}</b>`.text).toBe('<b>\u2068\u2067a\u2069\u2069</b>');
    const unit = fc.constantFrom(...'a\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069');
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        // It never closes what was opened before it, and leaves nothing open.
        let open = 0;
        for (const control of isolated(text).match(/[\u2066-\u2069]/g) ?? []) {
          open += control === '\u2069' ? -1 : 1;
          expect(open).toBeGreaterThanOrEqual(0);
        }
        expect(open).toBe(0);
      }),
    );
  });

  it('is inserted unchanged into an attribute, so that an address keeps its target', () => {
    expect(html`<a href="${'https://a.example/\u202e'}"></a>`.text).toBe('<a href="https://a.example/\u202e"></a>');
  });
});
