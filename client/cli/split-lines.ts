/** Splits at line feeds only. Node's line reader also splits at other characters, which texts may contain. */
export async function* splitLines(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let held = '';
  for await (const chunk of chunks) {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    const lines = (held + text).split('\n');
    held = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield line;
  }
  if (held !== '') yield held;
}
