import { randomFrom } from '../samples/random.ts';

/**
 * Malformed messages, made from a seed: the same seed makes the same messages. It imports little, so that an attacker starts
 * fast.
 */
export interface Malformed {
  /** The kind of connection to send it on. */
  over: 'http' | 'socket';
  bytes: Buffer;
}

export function malformedMessages(seed: number): () => Malformed {
  const random = randomFrom(seed);
  const below = (most: number) => Math.floor(random() * most);
  const one = <T>(of: readonly T[]) => of[below(of.length)] as T;
  const noise = (most: number) => Buffer.from(Array.from({ length: 1 + below(most) }, () => below(256)));

  /** A valid text with a piece cut, doubled or replaced by noise. */
  const broken = (text: string): Buffer => {
    const bytes = Buffer.from(text, 'latin1');
    const at = below(bytes.length);
    const end = Math.min(bytes.length, at + 1 + below(8));
    switch (below(4)) {
      case 0:
        return bytes.subarray(0, at);
      case 1:
        return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
      case 2:
        return Buffer.concat([bytes.subarray(0, at), noise(8), bytes.subarray(end)]);
      default:
        return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    }
  };

  const body = () =>
    one([
      '{"headline":"A"',
      '{"headline":"A","headline":"B"}',
      '{"__proto__":{"admin":true},"headline":"A"}',
      `${'['.repeat(200)}`,
      '{"headline":"\\ud800"}',
      '{"headline":"\u0000"}',
      'null',
      '{"media":[{"type":"image","url":"javascript:1","alt":1}]}',
    ]);
  const path = () =>
    one([
      '/v1/channels',
      '/v1/channels/moon/posts',
      '/v1/channels/moon/events?after=x.y.z',
      '/v1/channels/moon/snapshot?limit=1e9',
      '/v1/channels/..%2f..%2fetc%2fpasswd',
      '/v1/channels/%00/posts',
      '/v1/channels/%zz',
      '/live/moon?before=-1',
      '/socket.io/?EIO=4&transport=polling&sid=x',
      `/${'a/'.repeat(100)}`,
    ]);
  const token = () => one(['eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.', 'x', 'eyJhbGciOiJIUzI1NiJ9.e30.AAAA', 'a'.repeat(5_000)]);
  const request = () => {
    const content = body();
    return [
      `${one(['GET', 'POST', 'PATCH', 'DELETE', 'PUT'])} ${path()} HTTP/1.1`,
      'Host: a',
      `Authorization: Bearer ${token()}`,
      `Content-Length: ${content.length}`,
      'Content-Type: application/json',
      '',
      content,
    ].join('\r\n');
  };

  const frame = (first: number, payload: Buffer) => {
    const head =
      payload.length < 126 ? [first, 0x80 | payload.length] : [first, 0xfe, payload.length >> 8, payload.length & 0xff];
    return Buffer.concat([Buffer.from(head), Buffer.alloc(4), payload]);
  };
  const packet = () =>
    one([
      '421["subscribe",{"channelId":"moon","after":"k7f3q1.42.9d0c7a1be03f55d2"}]',
      '42["subscribe",{"channelId":"__proto__"}]',
      '429["unsubscribe",{}]',
      '42["publish",{"headline":"I am no author"}]',
      '4399[]',
      '451-["subscribe",{"_placeholder":true,"num":0}]',
      '40/admin,{"token":"x"}',
      '2',
    ]);

  return () => {
    if (random() < 0.15) return { over: 'http', bytes: random() < 0.8 ? Buffer.from(request(), 'latin1') : broken(request()) };
    switch (below(24)) {
      case 0:
        return { over: 'socket', bytes: noise(40) };
      case 1:
        return { over: 'socket', bytes: frame(below(256), noise(30)) };
      case 2:
        return { over: 'socket', bytes: frame(0x81, broken(packet())) };
      default:
        return {
          over: 'socket',
          bytes: frame(0x81, Buffer.from(one(['4399[]', '42["x"]', '429["subscribe",{}]', '43[]', '431[{}]']))),
        };
    }
  };
}
