import sharp from 'sharp';

/**
 * A JPEG that compresses as a photograph does: each octave of detail has the same contrast, as in natural scenes. `contrast`: the
 * standard deviation of an octave, of 255. A face or a sky has about 6, a street 10, a crowd or foliage 14 and more.
 */
export async function photograph(width: number, height: number, contrast: number): Promise<Buffer> {
  const values = new Int16Array(width * height * 3).fill(grey);
  for (let scale = 1; scale <= coarsest; scale *= 2) {
    const octave = await noise(Math.ceil(width / scale), Math.ceil(height / scale), contrast);
    const enlarged = await octave
      .resize(width, height, { kernel: 'cubic', fit: 'fill' })
      .modulate({ saturation: 0.5 })
      .raw()
      .toBuffer();
    for (const [at, value] of enlarged.entries()) values[at] = (values[at] ?? grey) + value - grey;
  }
  const pixels = Buffer.from(Uint8ClampedArray.from(values).buffer);
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 92 })
    .toBuffer();
}

const grey = 128;
/** Pixels. */
const coarsest = 256;

async function noise(width: number, height: number, sigma: number) {
  const create = { width, height, channels: 3, background: '#808080', noise: { type: 'gaussian', mean: grey, sigma } } as const;
  // Noise cannot be enlarged in the pipeline that creates it.
  const raw = await sharp({ create }).removeAlpha().raw().toBuffer();
  return sharp(raw, { raw: { width, height, channels: 3 } });
}
