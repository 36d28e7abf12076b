import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { ImageMedia, Picture } from '../src/protocol/model.ts';
import type { PostName } from './ids.ts';

/** The pictures of the demo. The server serves them with the assets of its pages. */

interface Drawing {
  /** The file name in `demo/pictures/`. */
  file: string;
  alt: string;
  caption: string;
}

const pictures: Partial<Record<PostName, Drawing>> = {
  guide: {
    file: 'tranquility.svg',
    alt: 'The near side of the Moon, with the landing site marked right of the centre.',
    caption: 'Where they are to land: the Sea of Tranquility.',
  },
  wings: {
    file: 'columbia.svg',
    alt: 'A cone-shaped spacecraft above the curve of the Moon, with the Earth behind it.',
    caption: 'Columbia, in which Michael Collins stays in orbit.',
  },
  ignition: {
    file: 'descent-start.svg',
    alt: 'A lander with four legs lies on its side high above the Moon, its engine burning.',
    caption: 'Engine first, windows down: how the descent begins.',
  },
  landing: {
    file: 'eagle.svg',
    alt: 'A lander with four legs stands on grey ground; the Earth hangs in a black sky.',
    caption: 'Eagle on the surface.',
  },
  'analysis-clock': {
    file: 'descent-path.svg',
    alt: 'A falling curve with six times: from engine on at 20:05 to engine off at 20:17.',
    caption: 'The way down. Times are in UTC.',
  },
  end: {
    file: 'columbia.svg',
    alt: 'A cone-shaped spacecraft above the curve of the Moon, with the Earth behind it.',
    caption: 'The way home.',
  },
  dust: {
    file: 'bootprint.svg',
    alt: 'The print of a ribbed sole in grey dust.',
    caption: 'Sharp prints in fine dust.',
  },
};

/** The picture of a post with its address on the server; undefined if the post has none. */
export function pictureOf(name: PostName, publicUrl: string): ImageMedia | undefined {
  const picture = pictures[name];
  return picture && { type: 'image', ...pictureFrom(picture, publicUrl) };
}

function pictureFrom({ file, alt, caption }: Drawing, publicUrl: string): Picture {
  const built = JSON.parse(readFileSync(createRequire(import.meta.url).resolve('#web/manifest.json'), 'utf8'));
  const url = `${publicUrl.replace(/\/+$/, '')}/assets/${built[`demo-${file}`]}`;
  return { url, alt, caption, credit: 'Drawn by the Pressbox demo desk', width: 1200, height: 675 };
}
