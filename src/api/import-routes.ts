import { type Request, type Response, Router } from 'express';
import { type Identity, refusalFor } from '../access/identity.ts';
import { sendJson } from '../http/answers.ts';
import type { Slots } from '../http/concurrency-slots.ts';
import type { Rates } from '../http/rates.ts';
import { requirePrincipal } from '../http/request-identity.ts';
import { logSecurityEvent } from '../http/security-log.ts';
import { atLine, type Importer } from '../newsroom/import.ts';
import { type Imported, Refusal } from '../protocol/problems.ts';
import { mayAdminister } from '../protocol/rights.ts';
import { isJournalled, parseLine } from '../protocol/transfer.ts';
import { jsonObjectOf } from './json-body.ts';
import { requireLoadable, requireLoadablePicture } from './media-addresses.ts';
import { linesOf } from './ndjson-lines.ts';
import { BodyAborted, discardRest } from './request-body.ts';
import { requireType } from './write-request.ts';

/**
 * Imports the lines of an export as they arrive. An imported line stays imported if a later line fails, and is skipped if it is
 * sent again. An import counts as one write of its token. Its writes alternate with those of authors.
 */
export interface ImportContext {
  /** Creates the importer for one request. */
  importer(by: string): Importer;
  publicUrl: string;
  identity: Pick<Identity, 'statusOf'>;
  rates: Pick<Rates, 'writes'>;
  slots: Slots;
  log: { info(facts: object, message: string): void };
}

const types = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'];

export function importRoutes({ importer, publicUrl, identity, rates, slots, log }: ImportContext): Router {
  const router = Router({ caseSensitive: true });

  router.post('/import', async (req: Request, res: Response) => {
    const who = requirePrincipal(res);
    if (!mayAdminister(who)) throw new Refusal('forbidden');
    rates.writes(who.sub);
    requireType(req.headers['content-type'], types);
    const release = slots.take(who.sub);
    const importing = importer(who.sub);
    logSecurityEvent(res, 'import');
    try {
      await take(req, importing, publicUrl, () => refusalFor(identity.statusOf(who)));
      log.info({ by: who.sub, ...counts(importing.done) }, 'import done');
      sendJson(res, importing.done, { cache: 'none' });
    } catch (error) {
      log.info({ by: who.sub, ...counts(importing.done) }, 'import ended early');
      if (error instanceof BodyAborted) return;
      discardRest(req, res);
      throw error instanceof Refusal ? new Refusal(error.problem.code, { ...error.problem, imported: importing.done }) : error;
    } finally {
      release();
    }
  });

  return router;
}

/**
 * Imports the lines of the body. If a line is refused or the client disconnects, the earlier lines are on disk before this
 * rejects. `tokenRefusal` returns the refusal once the token has expired or was revoked.
 */
async function take(
  req: Request,
  importing: Importer,
  publicUrl: string,
  tokenRefusal: () => Refusal | undefined,
): Promise<void> {
  try {
    for await (const { number, bytes } of linesOf(req)) {
      // Each line is a write, and an import can outlive its token.
      const refusal = tokenRefusal();
      if (refusal !== undefined) throw refusal;
      let line: ReturnType<typeof parseLine>;
      try {
        line = parseLine(jsonObjectOf(bytes, { firstLine: number }));
        // Entries of an exported journal are imported unchanged, so their media may have addresses of the server that wrote them.
        if ('post' in line && !isJournalled(line.facts)) requireLoadable(line.post.media, publicUrl, 'post.media');
        if ('channel' in line && !isJournalled(line.facts ?? {})) {
          requireLoadablePicture(line.channel.picture, publicUrl, 'channel.picture');
        }
      } catch (error) {
        throw atLine(number, error);
      }
      await importing.take(number, line);
    }
  } catch (error) {
    if (error instanceof Refusal || error instanceof BodyAborted) await importing.finish();
    throw error;
  }
  await importing.finish();
}

function counts({ conflicts: _, ...counted }: Imported): Omit<Imported, 'conflicts'> {
  return counted;
}
