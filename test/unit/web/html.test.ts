import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html, isolated } from '../../../client/browser/view/html.ts';

describe('text put into HTML', () => {
  it('is isolated where it holds a bidirectional control, whatever it opens or closes', () => {
    expect(html`<b>${'plain \u200e'}</b>`.text).toBe('<b>plain \u200e</b>');
    expect(html`<b>${'a\u202eb'}</b>`.text).toBe('<b>\u2068a\u202eb\u2069</b>');
    expect(html`<b>${'\u2069\u202eb'}</b>`.text).toBe('<b>\u2068\u2068\u2069\u202eb\u2069</b>');
    expect(html`<b>${['\u2067a']}</b>`.text).toBe('<b>\u2068\u2067a\u2069\u2069</b>');
    const unit = fc.constantFrom(...'a\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069');
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        // Never closes what was open before it, and leaves nothing open.
        let open = 0;
        for (const control of isolated(text).match(/[\u2066-\u2069]/g) ?? []) {
          open += control === '\u2069' ? -1 : 1;
          expect(open).toBeGreaterThanOrEqual(0);
        }
        expect(open).toBe(0);
      }),
    );
  });

  it('is put into an attribute as it is, so that an address leads where it led', () => {
    expect(html`<a href="${'https://a.example/\u202e'}"></a>`.text).toBe('<a href="https://a.example/\u202e"></a>');
  });
});
