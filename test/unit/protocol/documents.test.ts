import { createConfig, lintFromString, type NormalizedProblem } from '@redocly/openapi-core';
import { describe, expect, it } from 'vitest';
import { asyncApi } from '../../../src/apidocs/asyncapi.ts';
import { openApi } from '../../../src/apidocs/openapi.ts';
import { operations } from '../../../src/apidocs/operations.ts';
import { socketMessages } from '../../../src/apidocs/socket-messages.ts';
import { endedReasons } from '../../../src/protocol/model.ts';

const url = 'https://live.example.org';

/** The errors of a document by Redocly's recommended rules and the specification. */
async function faultsOf(document: object): Promise<string[]> {
  const config = await createConfig({ extends: ['recommended'] });
  const faults = await lintFromString({ source: JSON.stringify(document), absoluteRef: 'document.json', config });
  return faults
    .filter((fault) => !isAsMeant(fault))
    .map(({ ruleId, message, location }) => `${ruleId}: ${message} at ${location[0]?.pointer}`);
}

/**
 * Whether the linter complains about something intended: operator routes refuse nobody, and permanent links, forms and `/desk` only
 * redirect.
 */
function isAsMeant({ ruleId, location }: NormalizedProblem): boolean {
  const at = location[0]?.pointer ?? '';
  if (ruleId === 'operation-4xx-response') return /^#\/paths\/~1(?:healthz|readyz|metrics)\//.test(at);
  return (
    ruleId === 'operation-2xx-response' && /^#\/paths\/~1(?:live~1\{channelId\}~1\{postId\}|sign-in|sign-out|desk)\//.test(at)
  );
}

describe('the OpenAPI document', () => {
  const document = openApi(url);

  it('passes the linter', async () => {
    expect(await faultsOf(document)).toEqual([]);
  });

  it('fails the linter when it is wrong', async () => {
    const wrong = structuredClone(document) as { paths: Record<string, Record<string, { responses?: unknown }>> };
    delete wrong.paths['/v1/channels']?.get?.responses;
    expect(await faultsOf({ ...wrong, servers: [] })).not.toEqual([]);
  });

  it('has the address of the server', () => {
    expect(document.servers).toEqual([{ url }]);
  });

  it('describes every field, parameter and header', () => {
    const mute: string[] = [];
    const walk = (node: unknown, at: string): void => {
      if (typeof node !== 'object' || node === null) return;
      if ('properties' in node && at.includes('/components/schemas/')) {
        for (const [name, field] of Object.entries(node.properties as Record<string, { description?: string }>)) {
          if (!field.description) mute.push(`${at}/${name}`);
        }
      }
      if ('in' in node && !('description' in node && node.description)) mute.push(at);
      for (const [key, inner] of Object.entries(node)) walk(inner, `${at}/${key}`);
    };
    walk(document, '');
    expect(mute).toEqual([]);
  });

  it('uses each operation id once', () => {
    expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
  });
});

describe('the AsyncAPI document', () => {
  const document = asyncApi(url);

  it('passes the linter', async () => {
    expect(await faultsOf(document)).toEqual([]);
  });

  it('fails the linter when it is wrong', async () => {
    expect(await faultsOf({ ...document, operations: { hear: { action: 'hear' } } })).not.toEqual([]);
  });

  it('says what to do for each reason that ends a subscription', () => {
    for (const { description } of socketMessages.filter(({ name }) => name === 'unsubscribed'))
      for (const reason of endedReasons) expect(description).toContain(`\`${reason}\``);
  });

  it('has the address of the server, also below a path', () => {
    expect(document.servers.socket).toMatchObject({ host: 'live.example.org', protocol: 'wss' });
    expect(asyncApi('http://127.0.0.1:4000/live').servers.socket).toMatchObject({
      host: '127.0.0.1:4000',
      protocol: 'ws',
      pathname: '/live',
    });
  });
});
