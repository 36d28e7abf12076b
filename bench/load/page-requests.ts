import { Agent, get } from 'node:http';
import { emptyHistogram, type Histogram, record } from '../histogram.ts';
import { answerCalls, monotonicMs } from './worker.ts';

/**
 * Requests at a steady rate, whether or not the server keeps up, as from readers who do not know of each other. The latency counts
 * from the time at which a request was due.
 */
export interface PageRequests {
  url: string;
  perSecond: number;
  forMs: number;
  headers: Record<string, string>;
}

export interface PageAnswers {
  /** Number of answers by status. A connection that failed is `failed`. */
  statuses: Record<string, number>;
  latency: Histogram;
  /** Content of the last answer that was not expected: another status than 200, or a `status` other than `ready`. */
  unexpected?: string;
}

answerCalls({ request });

async function request({ url, perSecond, forMs, headers }: PageRequests): Promise<PageAnswers> {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 200 });
  const answers: PageAnswers = { statuses: {}, latency: emptyHistogram() };
  const began = monotonicMs();
  const count = Math.round((perSecond * forMs) / 1_000);
  const waiting: Promise<void>[] = [];
  const ask = (dueAt: number) =>
    new Promise<void>((resolve) => {
      const end = (status: string, content = '') => {
        answers.statuses[status] = (answers.statuses[status] ?? 0) + 1;
        record(answers.latency, monotonicMs() - dueAt);
        if (status !== '200' || content.includes('"status":"degraded"')) answers.unexpected = `${status} ${content}`;
        resolve();
      };
      const sent = get(url, { agent, headers }, (response) => {
        let content = '';
        response.setEncoding('latin1').on('data', (chunk: string) => {
          if (content.length < 200) content += chunk.slice(0, 200);
        });
        response.on('end', () => end(String(response.statusCode), content));
        response.on('error', () => end('failed'));
      });
      sent.on('error', (error) => end('failed', error.message));
    });
  for (let number = 0; number < count; number += 1) {
    const dueAt = began + (number * 1_000) / perSecond;
    const waitMs = dueAt - monotonicMs();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    waiting.push(ask(dueAt));
  }
  await Promise.all(waiting);
  agent.destroy();
  return answers;
}
