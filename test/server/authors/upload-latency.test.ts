import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { createChannel, publish } from '../../support/authors/writers.ts';
import { movie } from '../../support/samples/movies.ts';
import { startServerProcess } from '../../support/servers/process.ts';
import { call } from '../../support/servers/server.ts';

/** Measures the waiting time of readers while the server takes the heaviest uploads. */

/** The promised time of an answer while uploads are received and rendered. */
const promisedMs = 50;
/** A blocked event loop delays one request in hundreds, which only the slowest answer shows. */
const slowestMs = 250;
/** Other programs on the machine delay answers too, so one round must keep the promise. A server that blocks keeps it in none. */
const roundsMost = 4;

it('answers readers within 50 ms while a picture of 60 megapixels is rendered and a video of 100 MB is received', async () => {
  await using server = await startServerProcess();
  const token = await server.token({ editor: ['*'] });
  const { id } = await createChannel(server, token);
  for (let number = 0; number < 20; number += 1) {
    await publish(server, token, id, { headline: `Post ${number}`, body: 'What happened. '.repeat(30) });
  }
  // Each round has its own files, because the same file is not processed again.
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  const pictureOf = (round: number) =>
    sharp({ create: { width: 1_900, height: 1_900, channels: 3, background: '#888', noise: { ...noise, mean: 120 + round } } })
      .resize(7_700, 7_700)
      .jpeg({ quality: 80 })
      .toBuffer();
  const videoOf = (round: number) => movie({ samples: Buffer.alloc(99 * 1024 * 1024, round) });

  const agent = new Agent({ keepAlive: true });
  const answerMs = () =>
    new Promise<number>((resolve, reject) => {
      const begun = performance.now();
      request(`${server.url}/v1/channels/${id}/snapshot`, { agent }, (response) => {
        response.resume().on('end', () => resolve(performance.now() - begun));
      })
        .on('error', reject)
        .end();
    });
  const answersUntil = async (isOver: () => boolean) => {
    const times: number[] = [];
    for (; !isOver(); await pause(5)) times.push(await answerMs());
    times.sort((a, b) => a - b);
    return { requests: times.length, p99: times[Math.floor(times.length * 0.99)] ?? 0, most: times.at(-1) ?? 0 };
  };

  const rounds: object[] = [];
  let isKept = false;
  for (let round = 1; !isKept && round <= roundsMost; round += 1) {
    const [picture, video] = [await pictureOf(round), videoOf(round)];
    const begun = performance.now();
    const idle = await answersUntil(() => performance.now() - begun > 2_000);
    let uploading = 2;
    const upload = async (body: Buffer, type: string) => {
      const url = `${server.url}/v1/channels/${id}/media`;
      const answer = await call(url, { method: 'POST', token, body, headers: { 'content-type': type } });
      uploading -= 1;
      return answer.status;
    };
    const uploads = [upload(picture, 'image/jpeg'), upload(video, 'video/mp4')];
    const busy = await answersUntil(() => uploading === 0);
    expect(await Promise.all(uploads)).toEqual([201, 201]);
    // The share of the machine itself is measured just before.
    isKept = busy.p99 <= promisedMs + idle.p99 && busy.most <= slowestMs + idle.most;
    rounds.push({ idle, busy });
  }
  agent.destroy();
  expect(isKept, JSON.stringify(rounds)).toBe(true);
});
