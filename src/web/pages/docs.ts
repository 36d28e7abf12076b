import { type Html, html } from '../../../client/browser/view/html.ts';
import { socketText, streamText } from '../../apidocs/asyncapi.ts';
import { type ComponentName, components } from '../../apidocs/components.ts';
import { generalText, tokenText } from '../../apidocs/openapi.ts';
import { groups, type Operation } from '../../apidocs/operation.ts';
import { operations } from '../../apidocs/operations.ts';
import { socketMessages, streamMessages } from '../../apidocs/socket-messages.ts';
import { type ProblemCode, problems } from '../../protocol/problems.ts';
import { renderMessage, renderOperation } from './docs-parts.ts';
import { prose, renderSchema, schemaAnchor } from './docs-schema.ts';
import { type Assets, htmlDocument, siteBar } from './document.ts';

/** `/docs`: both API documents as one page, complete without a script. */
export function docsPage({ publicUrl, assets }: { publicUrl: string; assets: Assets }): string {
  const schemas = (Object.keys(components) as ComponentName[]).sort();
  return htmlDocument({
    title: 'API reference',
    language: 'en',
    description: 'The HTTP, Socket.IO and Server-Sent Events interfaces of Pressbox, with examples.',
    assets,
    styles: [assets.docs],
    body: html`<a class="skip" href="#content">To the content</a>
${siteBar(assets, undefined, 'en', html`<p class="sources"><a href="${assets.basePath}/openapi.json">OpenAPI</a> <a href="${assets.basePath}/asyncapi.json">AsyncAPI</a></p>`)}
<div class="docs">
${renderContents(schemas)}
<main id="content">
<header class="head"><h1>API reference</h1><p class="standfirst">Live coverage in which every reader converges on the corrected text.</p></header>
<section aria-labelledby="basics"><h2 id="basics">Basics</h2>
<p>Everything below is at <code class="url">${publicUrl}</code>. The examples follow one short channel from beginning to end and show the answers of a real server.</p>
${prose(generalText)}
<h3 id="tokens-format">Tokens</h3>
${prose(tokenText)}
</section>
${Object.entries(groups).map(([group, about]) => renderGroup(group, about, publicUrl))}
<section aria-labelledby="socket-io"><h2 id="socket-io">Socket.IO</h2>${prose(socketText)}
${socketMessages.map((message) => renderMessage(message, 'socket'))}</section>
<section aria-labelledby="server-sent-events"><h2 id="server-sent-events">Server-Sent Events</h2>${prose(streamText)}
${streamMessages.map((message) => renderMessage(message, 'stream'))}</section>
<section aria-labelledby="problems"><h2 id="problems">Problems</h2>
<p>Every refusal has one of these codes. The codes never change.</p>
${renderProblems()}</section>
<section aria-labelledby="schemas"><h2 id="schemas">Schemas</h2>
${schemas.map(renderSchema)}</section>
</main>
</div>`,
  });
}

function operationsIn(group: string): Operation[] {
  return operations.filter((operation) => operation.group === group);
}

function renderContents(schemas: readonly string[]): Html {
  const list = (links: readonly [anchor: string, text: string][]) =>
    html`<ul>${links.map(([anchor, text]) => html`<li><a href="#${anchor}">${text}</a></li>`)}</ul>`;
  const part = (anchor: string, title: string, links: readonly [string, string][]) =>
    html`<li><a href="#${anchor}">${title}</a>${links.length > 0 && list(links)}</li>`;
  return html`<nav class="contents" aria-label="Contents"><ul>
${part('basics', 'Basics', [])}
${Object.keys(groups).map((group) =>
  part(
    anchorOf(group),
    group,
    operationsIn(group).map(({ id, summary }) => [id, summary]),
  ),
)}
${part(
  'socket-io',
  'Socket.IO',
  socketMessages.map(({ name, title }) => [`socket-${name}`, title]),
)}
${part(
  'server-sent-events',
  'Server-Sent Events',
  streamMessages.map(({ name, title }) => [`stream-${name}`, title]),
)}
${part('problems', 'Problems', [])}
${part(
  'schemas',
  'Schemas',
  schemas.map((name) => [schemaAnchor(name), name]),
)}
</ul></nav>`;
}

function renderGroup(group: string, about: string, publicUrl: string): Html {
  const anchor = anchorOf(group);
  return html`<section aria-labelledby="${anchor}"><h2 id="${anchor}">${group}</h2><p>${about}</p>
${operationsIn(group).map((operation) => renderOperation(operation, publicUrl))}</section>`;
}

function anchorOf(group: string): string {
  return group.toLowerCase();
}

function renderProblems(): Html {
  const codes = Object.keys(problems) as ProblemCode[];
  return html`<dl class="rows">${codes.map(
    (code) =>
      html`<div id="problem-${code}"><dt><code>${code}</code> <span class="type">${problems[code].status}</span></dt><dd>${problems[code].title}${problems[code].retry && ' The same request can succeed later.'}</dd></div>`,
  )}</dl>`;
}
