import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../../conformance/embeds.json' with { type: 'json' };
import { embedHosts, frameOf, isEmbed, isEmbedHost } from '../../../src/protocol/embeds/frames.ts';
import { embedNames } from '../../../src/protocol/embeds/listed-sites.ts';
import { embedOf } from '../../../src/protocol/embeds/post-addresses.ts';
import { providerNames } from '../../../src/protocol/embeds/provider-names.ts';
import { type Embed, embedProviders } from '../../../src/protocol/model.ts';

const { instances, addresses } = vectors;
const hosts = [...embedHosts, ...instances];
const mapped = addresses.filter((one) => one.embed !== null) as { name: string; address: string; embed: Embed; frame: string }[];

/** The only host that a frame of the provider may have. */
const hostOf: Record<string, string> = {
  bluesky: 'embed.bsky.app',
  datawrapper: 'datawrapper.dwcdn.net',
  flourish: 'flo.uri.sh',
  'google-maps': 'www.google.com',
  instagram: 'www.instagram.com',
  openstreetmap: 'www.openstreetmap.org',
  tiktok: 'www.tiktok.com',
  vimeo: 'player.vimeo.com',
  x: 'platform.twitter.com',
  youtube: 'www.youtube-nocookie.com',
};

/** Fails if a frame could load anything but a page of its provider over HTTPS. */
function expectOnlyItsHost(embed: { provider: string; id: string }) {
  const frame = frameOf(embed, hosts);
  if (frame === undefined) return;
  const { protocol, host, username, password, pathname, hash, href } = new URL(frame.url);
  expect(embed.provider === 'mastodon' ? instances : [hostOf[embed.provider]]).toContain(host);
  expect([protocol, username, password, hash]).toEqual(['https:', '', '', '']);
  expect(host).toBe(frame.host);
  // The address is what the browser loads, not what it makes of it.
  expect(frame.url).toBe(href);
  expect(pathname).not.toContain('//');
}

it('every provider but Mastodon has a name, and instances of Mastodon have that of their host', () => {
  expect(Object.keys(providerNames).sort()).toEqual(embedProviders.filter((provider) => provider !== 'mastodon').sort());
  expect(embedNames([...embedHosts, 'social.example'])).toEqual({ ...providerNames, 'social.example': 'social.example' });
  expect(embedNames([])).toEqual({});
});

describe('the address of a post on another site', () => {
  it.each(addresses)('$name: $address', ({ address, embed }) => {
    expect(embedOf(address, instances) ?? null).toEqual(embed);
  });

  it('is recognised for every provider', () => {
    expect(new Set(mapped.map(({ embed }) => embed.provider))).toEqual(new Set(embedProviders));
  });

  it('leads to an id that the server accepts, whatever is changed in it', () => {
    const change = fc.record({
      at: fc.nat(80),
      length: fc.nat(3),
      text: fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('/', '@', '\\', '%2f', '..', '?', '#', ':80')),
    });
    fc.assert(
      fc.property(fc.constantFrom(...mapped), fc.array(change, { maxLength: 3 }), ({ address }, changes) => {
        const changed = changes.reduce(
          (text, { at, length, text: put }) => text.slice(0, at) + put + text.slice(at + length),
          address,
        );
        const embed = embedOf(changed, instances);
        if (embed === undefined) return;
        expect(isEmbed(embed)).toBe(true);
        expectOnlyItsHost(embed);
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('the frame of an embed', () => {
  it.each(mapped)('$name: $frame', ({ embed, frame }) => {
    const found = frameOf(embed, hosts);
    expect(found?.url).toBe(frame);
    expect(found?.width).toBeGreaterThan(200);
    expect(found?.height).toBeGreaterThan(200);
    expectOnlyItsHost(embed);
  });

  it('is only of a host that is listed', () => {
    for (const { embed } of mapped) {
      expect(frameOf(embed, [])).toBeUndefined();
      const frame = frameOf(embed, hosts);
      expect(
        frameOf(
          embed,
          hosts.filter((host) => host !== frame?.host),
        ),
      ).toBeUndefined();
    }
  });

  it('has https and exactly the host of its provider, whatever the id is', () => {
    const near = fc.constantFrom(...mapped).chain(({ embed }) =>
      fc.record({ at: fc.nat(embed.id.length), put: fc.string({ unit: 'binary', maxLength: 5 }) }).map(({ at, put }) => ({
        provider: embed.provider as string,
        id: embed.id.slice(0, at) + put + embed.id.slice(at),
      })),
    );
    const any = fc.record({
      provider: fc.oneof(fc.constantFrom<string>(...embedProviders), fc.constantFrom('constructor', '__proto__', 'toString', '')),
      id: fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.webUrl(), fc.stringMatching(/^[@!\w./%:,-]{0,40}$/)),
    });
    fc.assert(fc.property(fc.oneof(near, any), expectOnlyItsHost), { numRuns: 5_000 });
  });

  it('is never that of another provider under the name of Mastodon', () => {
    for (const id of [
      'www.google.com/@ada/1',
      'www.instagram.com/@ada/1',
      '127.0.0.1/@ada/1',
      'localhost/@ada/1',
      '0x7f.1/@ada/1',
    ]) {
      expect(isEmbed({ provider: 'mastodon', id })).toBe(false);
      expect(frameOf({ provider: 'mastodon', id }, [...hosts, '127.0.0.1', 'localhost'])).toBeUndefined();
    }
  });

  it('has no id longer than the limit', () => {
    const id = `!1m${'1!1m'.repeat(400)}1`;
    expect(isEmbed({ provider: 'google-maps', id })).toBe(false);
    expect(isEmbed({ provider: 'google-maps', id: '!1m18!2sHere' })).toBe(true);
  });
});

describe('a host of frames', () => {
  it('is a name with several labels, as browsers compare it', () => {
    for (const host of [...hosts, 'a.b', 'social.example.co.uk']) expect([host, isEmbedHost(host)]).toEqual([host, true]);
    const refused = [
      '',
      'localhost',
      '127.0.0.1',
      '[::1]',
      '*.example.org',
      'Example.org',
      'example.org.',
      'example.org:443',
      '.a.b',
      'a..b',
      '-a.b',
      'a.0x1',
      'https://a.b',
      'a.b/c',
      'mästodon.example',
      'a.b;script-src *',
      'a.b c.d',
    ];
    for (const host of refused) expect([host, isEmbedHost(host)]).toEqual([host, false]);
  });
});
