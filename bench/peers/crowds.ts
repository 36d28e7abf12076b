/** The headers that readers send, and the channels that they follow. */
export type Crowd = 'bare' | 'browsers' | 'spread' | 'everywhere';

interface CrowdFacts {
  channels: number;
  flags: readonly string[];
}

/** The headers of Chromium's handshake, some 600 bytes. */
const browserHeaders = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Pragma: no-cache',
  'Cache-Control: no-cache',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
  'Cookie: sid=%I-5f2b9c1e7a3d48d0b6c4f1a2e3d4c5b6; theme=dark; consent=a1b2c3d4e5f60718293a4b5c6d7e8f90',
].flatMap((header) => ['--header', header]);

export const crowds: Record<Crowd, CrowdFacts> = {
  bare: { channels: 1, flags: [] },
  browsers: { channels: 1, flags: browserHeaders },
  /** Each reader follows one of a hundred channels. */
  spread: { channels: 100, flags: [] },
  /** Each reader follows all of a hundred channels. */
  everywhere: { channels: 100, flags: ['--everywhere'] },
};
