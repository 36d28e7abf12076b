import { Agent, request } from 'node:http';
import { emptyHistogram, type Histogram, record } from './histogram.ts';
import { postOf } from './text.ts';
import { answerCalls, monotonicMs } from './worker.ts';

/** Authors: each publishes, waits for the answer, and publishes the next, for a given time. Each keeps its one connection. */
export interface AuthorsAsk {
  url: string;
  channelId: string;
  token: string;
  authors: number;
  forMs: number;
}

export interface AuthorsAnswer {
  posts: number;
  /** From the first request to the last answer. */
  tookMs: number;
  /** Of the answers. */
  latency: Histogram;
}

answerCalls({ publish });

async function publish({ url, channelId, token, authors, forMs }: AuthorsAsk): Promise<AuthorsAnswer> {
  const agent = new Agent({ keepAlive: true, maxSockets: authors });
  const target = `${url}/v1/channels/${channelId}/posts`;
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const latency = emptyHistogram();
  const began = monotonicMs();
  let posts = 0;
  const author = async () => {
    while (monotonicMs() - began < forMs) {
      posts += 1;
      const body = JSON.stringify(postOf(posts));
      const sent = monotonicMs();
      await send(agent, target, { ...headers, 'content-length': Buffer.byteLength(body) }, body);
      record(latency, monotonicMs() - sent);
    }
  };
  await Promise.all(Array.from({ length: authors }, author));
  agent.destroy();
  return { posts, tookMs: monotonicMs() - began, latency };
}

/** Resolves once the whole answer is there. `fetch` would cost the load generator more than the server. */
function send(agent: Agent, url: string, headers: Record<string, string | number>, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume().once('error', reject);
      response.once('end', () => {
        if (response.statusCode === 201) resolve();
        else reject(new Error(`A publication was answered ${response.statusCode}.`));
      });
    });
    sent.once('error', reject).end(body);
  });
}
