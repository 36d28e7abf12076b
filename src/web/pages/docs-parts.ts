import { type Html, html, type Part } from '../../../client/browser/view/html.ts';
import { type ComponentName, components } from '../../apidocs/components.ts';
import { jsonSchemas, refTo } from '../../apidocs/json-schema.ts';
import { queryParameters } from '../../apidocs/openapi.ts';
import {
  audiences,
  type Operation,
  pathParameters,
  problemsOf,
  type RequestHeader,
  requestHeaders,
} from '../../apidocs/operation.ts';
import { recordedMessages } from '../../apidocs/recorded-answers.ts';
import { curlOf, type ShownExample, shownOf } from '../../apidocs/shown-examples.ts';
import { type Message, messageExamples, messageKey, storeExample } from '../../apidocs/socket-messages.ts';
import { inline, prose, type Row, renderFields, renderRows, typeOf } from './docs-schema.ts';

/** The operations and messages of the page. */

export function renderOperation(operation: Operation, publicUrl: string): Html {
  const { id, method, path, summary, description, who, body, answers } = operation;
  const rows = parametersOf(operation);
  return html`<article class="operation" aria-labelledby="${id}"><h3 id="${id}"><a href="#${id}">${summary}</a></h3>
<p class="line"><span class="method ${method}">${method.toUpperCase()}</span> <code>${breakable(path)}</code></p>
${description !== undefined && prose(description)}
<p class="who"><strong>Who may use it</strong> ${inline(audiences[who])}</p>
${rows.length > 0 && html`<h4>Parameters</h4>${renderRows(rows)}`}
${
  body &&
  html`<h4>Body</h4><p class="type">${(body.types ?? ['application/json']).join(' or ')}${body.optional && ', optional'}: ${typeOf(refTo(body.schema))}</p>${renderFields(body.schema)}`
}
<h4>Answers</h4><dl class="rows">${answers.map(
    ({ status, description, schema, type, headers = [] }) =>
      html`<div><dt><span class="status">${status}</span> <span class="type">${schema ? typeOf(refTo(schema)) : type}</span></dt><dd>${inline(description)}${headers.length > 0 && html` <span class="headers">${headers.map((name) => html`<code>${name}</code> `)}</span>`}</dd></div>`,
  )}</dl>
${renderRefusals(operation)}
${renderExamples(operation, publicUrl)}
</article>`;
}

/** Lets a long path break only before a slash. */
function breakable(path: string): Part {
  return path.split('/').map((part, at) => (at === 0 ? part : html`<wbr>/${part}`));
}

function parametersOf(operation: Operation): Row[] {
  const { path, optionalHeaders = [], requiredHeaders = [] } = operation;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]): Row => {
    const { schema, description } = pathParameters[name as keyof typeof pathParameters];
    return { name: name ?? '', type: typeOf(refTo(schema)), notes: ['in the path'], text: description };
  });
  const inQuery = queryParameters(operation).map(
    ({ name, schema, description }): Row => ({ name, type: typeOf(schema), notes: [], text: description }),
  );
  const inHeader =
    (isRequired: boolean) =>
    (name: RequestHeader): Row => ({
      name,
      type: 'header',
      notes: isRequired ? ['required'] : [],
      text: requestHeaders[name].description,
    });
  return [...inPath, ...inQuery, ...requiredHeaders.map(inHeader(true)), ...optionalHeaders.map(inHeader(false))];
}

function renderRefusals(operation: Operation): Html | null {
  const refusals = [...problemsOf(operation)];
  if (refusals.length === 0) return null;
  return html`<h4>Problems</h4><ul class="codes">${refusals.map(
    ([status, codes]) =>
      html`<li><span class="status">${status}</span> ${codes.map((code) => html`<a href="#problem-${code}">${code}</a> `)}</li>`,
  )}</ul>`;
}

function renderExamples(operation: Operation, publicUrl: string): Part {
  const [first, ...others] = shownOf(operation);
  const exchange = (shown: ShownExample) => renderExchange(shown, operation.summary, publicUrl);
  if (first === undefined) return null;
  return html`<h4>Example: ${first.example.name}</h4><div class="example" id="${first.key}">${exchange(first)}</div>
${others.map((shown) => html`<details class="example" id="${shown.key}"><summary>${shown.example.name} <span class="status">${shown.answer.status}</span></summary>${exchange(shown)}</details>`)}`;
}

/** `of` names the operation, because examples of several operations can have the same name. */
function renderExchange({ example, answer }: ShownExample, of: string, publicUrl: string): Html {
  const { status, headers, body } = answer;
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return html`${pre(curlOf(example, publicUrl), `${of}, request: ${example.name}`)}${pre(
    [`HTTP/1.1 ${status}`, ...head, ...(body === undefined ? [] : ['', JSON.stringify(body, null, 2)])].join('\n'),
    `${of}, answer: ${example.name}`,
  )}`;
}

/** Focusable, so that it can be scrolled with the keyboard. */
function pre(text: string, label: string): Html {
  return html`<pre tabindex="0" role="region" aria-label="${label}">${text}</pre>`;
}

export function renderMessage(message: Message, over: 'socket' | 'stream'): Html {
  const { name, title, description, payload, replies } = message;
  const id = `${over}-${name}`;
  return html`<article class="operation" aria-labelledby="${id}"><h3 id="${id}"><a href="#${id}">${title}</a></h3>
<p class="line"><span class="method ${replies ? 'post' : 'get'}">${replies ? 'you send' : 'you receive'}</span> <code>${name}</code> <span class="type">${typeOf(refTo(payload))}</span></p>
${prose(description)}
${renderPayload(payload)}
${replies && html`<h4>Acknowledged with</h4>${replies.map((reply) => html`<p><span class="type">${typeOf(refTo(reply))}</span> ${components[reply].description}</p>`)}`}
${renderMessageExamples(message, over)}
</article>`;
}

/** Small payloads are shown in place. Larger ones have their own section. */
function renderPayload(name: ComponentName): Part {
  const schema = jsonSchemas[name];
  const fields = Object.keys(schema.properties ?? {}).length;
  return fields > 0 && fields <= 4 ? renderFields(name) : null;
}

function renderMessageExamples({ name, replies }: Message, over: 'socket' | 'stream'): Part {
  if (name === 'store')
    return html`<div class="example">${pre(wire(over, name, storeExample), `Example over the ${over}`)}</div>`;
  const fitting = messageExamples.filter((example) => example.message === name);
  return fitting.map((example) => {
    const recorded = recordedMessages[messageKey(example)];
    const shown = replies
      ? html`${pre(wire(over, name, example.body), `Sent over the ${over}: ${example.name}`)}${pre(JSON.stringify(recorded, null, 2), `Acknowledged over the ${over}: ${example.name}`)}`
      : pre(wire(over, name, recorded), `Received over the ${over}: ${example.name}`);
    return html`<details class="example"><summary>${example.name}</summary>${shown}</details>`;
  });
}

/** The message as a client of the transport sees it. */
function wire(over: 'socket' | 'stream', name: string, payload: unknown): string {
  if (over === 'socket') return `${name} ${JSON.stringify(payload, null, 2)}`;
  const cursor = (payload as { cursor?: string } | undefined)?.cursor;
  return `${cursor === undefined ? '' : `id: ${cursor}\n`}event: ${name}\ndata: ${JSON.stringify(payload)}`;
}
