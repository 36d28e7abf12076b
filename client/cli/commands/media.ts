import { openAsBlob } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Command } from 'commander';
import type { UploadedMedia } from '../../../src/protocol/model.ts';
import { asFileError, printError, UsageError } from '../command-errors.ts';
import { parseChannelId, parseSeconds } from '../option-values.ts';
import { addServerOptions, createAuthor, type RequestOptions } from '../server-requests.ts';
import type { Env, Terminal } from '../terminal.ts';
import { plainLine } from '../terminal-text.ts';

/** `media upload`: sends a picture, a video or a sound, and says how a post refers to it. */
interface UploadOptions extends RequestOptions {
  type?: string;
}

/** An upload without an answer fails after this long, because a slow connection may take long. */
const uploadDeadlineMs = 30 * 60_000;

/** The server judges the bytes. It refuses HEIC, SVG and QuickTime with a sentence that helps. */
const typesByExtension: Record<string, string> = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.gif': 'image/gif',
  '.heic': 'image/heic',
  '.heif': 'image/heif',
  '.svg': 'image/svg+xml',
  '.mp4': 'video/mp4',
  '.m4v': 'video/mp4',
  '.mov': 'video/quicktime',
  '.m4a': 'audio/mp4',
};

export function addMediaCommands(program: Command, env: Env, terminal: Terminal, done: (code: number) => void): void {
  const media = program.command('media').description('Upload pictures, videos and sounds');

  addServerOptions(media.command('upload'), env)
    .description('Upload a picture, a video or a sound for posts of a channel')
    .argument('<channel>', 'its id', parseChannelId)
    .argument('<file>', 'JPEG, PNG, WebP, AVIF, GIF, MP4 or M4A')
    .option('--type <type>', 'its media type, such as image/jpeg; default: by the ending of its name')
    .option(
      '--timeout <seconds>',
      'give up after this long without an answer; default: 1800, or 10 without a connection',
      parseSeconds,
    )
    .addHelpText(
      'after',
      `
The same file again is the same upload, so a failed command can be repeated. An upload that no post uses within a day is deleted.

Examples:
  $ pressbox media upload moon-landing eagle.jpg
  $ pressbox post moon-landing --image media:kR3vQ0yT9mB2xW7nL5sZ1A --alt "Eagle over craters" "First picture."
  $ pressbox post moon-landing --embed https://youtu.be/dQw4w9WgXcQ --title "The landing" --link-image media:kR3vQ0yT9mB2xW7nL5sZ1A`,
    )
    .action(async (channelId: string, file: string, options: UploadOptions) => done(await upload(channelId, file, options)));

  async function upload(channelId: string, file: string, options: UploadOptions): Promise<number> {
    const { json = false, timeout } = options;
    try {
      const type = options.type ?? typesByExtension[extname(file).toLowerCase()];
      if (type === undefined) throw new UsageError(`The ending of ${file} says no type. Give --type, such as image/jpeg.`);
      if (!(await stat(file)).isFile()) throw new UsageError(`${file} is no file.`);
      const { client, write } = createAuthor(options, env, terminal);
      const deadlineMs = timeout === undefined ? uploadDeadlineMs : timeout * 1_000;
      const uploaded = await client.uploadMedia(channelId, await openAsBlob(file), type, { signal: write.signal, deadlineMs });
      if (json) terminal.json({ media: uploaded });
      else {
        const url = plainLine(uploaded.url);
        terminal.print(`Uploaded ${url}, ${factsOf(uploaded)}.`, 'A post shows it with', `  ${usesOf[uploaded.type](url)}`);
      }
      return 0;
    } catch (error) {
      return printError(asFileError(error, file), terminal, { json });
    }
  }
}

/** The options of `pressbox post` that show an upload. */
const usesOf: Record<UploadedMedia['type'], (url: string) => string> = {
  image: (url) => `--image ${url} --alt "What it shows"`,
  video: (url) => `--video ${url}`,
  audio: (url) => `--link ${url} --title "Listen"`,
};

const names: Record<UploadedMedia['type'], string> = { image: 'a picture', video: 'a video', audio: 'a sound' };

function factsOf({ type, width, height, durationSeconds }: UploadedMedia): string {
  const size = width !== null && height !== null ? ` of ${width} × ${height} pixels` : '';
  const duration =
    durationSeconds === null ? '' : `, ${durationSeconds.toLocaleString('en', { maximumFractionDigits: 1 })} s long`;
  return `${names[type]}${size}${duration}`;
}
