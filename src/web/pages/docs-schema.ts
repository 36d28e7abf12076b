import { type Html, html, joined, type Part } from '../../../client/browser/view/html.ts';
import { type Component, type ComponentName, components } from '../../apidocs/components.ts';
import { type JsonSchema, jsonSchemas, nameOf } from '../../apidocs/json-schema.ts';

/** Schemas for people: each field with its type, limits and description. */

export function schemaAnchor(name: string): string {
  return `schema-${name}`;
}

/** Renders the descriptions of the documents: paragraphs with code in backticks. */
export function prose(text: string): Html {
  return html`${text.split('\n\n').map((paragraph) => html`<p>${inline(paragraph)}</p>`)}`;
}

export function inline(text: string): Part {
  return text.split('`').map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part));
}

export function renderSchema(name: ComponentName): Html {
  const schema = jsonSchemas[name];
  const anchor = schemaAnchor(name);
  return html`<section class="schema" aria-labelledby="${anchor}"><h3 id="${anchor}">${name}</h3>${prose(schema.description ?? '')}${
    renderFields(name) ?? html`<p class="type">${typeOf(schema)}</p>`
  }</section>`;
}

/**
 * The fields of an object, null if it has none. Marks optional fields of what the server sends, and required fields of what
 * clients send.
 */
export function renderFields(name: ComponentName): Html | null {
  const { properties = {}, required = [] } = jsonSchemas[name];
  const isTaken = (components[name] as Component).closed === true;
  const notesOf = (field: string) => {
    if (required.includes(field)) return isTaken ? ['required'] : [];
    return isTaken ? [] : ['optional'];
  };
  const rows = Object.entries(properties).map(([field, schema]) => ({
    name: field,
    type: typeOf(schema),
    notes: notesOf(field),
    text: schema.description ?? '',
  }));
  return rows.length > 0 ? renderRows(rows) : null;
}

export interface Row {
  name: string;
  type: Part;
  notes: readonly string[];
  text: string;
}

export function renderRows(rows: readonly Row[]): Html {
  return html`<dl class="rows">${rows.map(
    ({ name, type, notes, text }) =>
      html`<div><dt><code>${name}</code> <span class="type">${type}</span>${notes.map((note) => html` <span class="note">${note}</span>`)}</dt><dd>${inline(text)}</dd></div>`,
  )}</dl>`;
}

/** The type in a few words, with links to named schemas. */
export function typeOf(schema: JsonSchema): Part {
  const name = nameOf(schema);
  if (name !== undefined) return html`<a href="#${schemaAnchor(name)}">${name}</a>`;
  if (schema.items) return [...boundsOf(schema), typeOf(schema.items), '[]'];
  const forms = schema.oneOf ?? schema.anyOf;
  if (forms) return joined(forms.map(typeOf), ' or ');
  if (schema.type === 'null') return 'null';
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
  const values = schema.enum?.filter((value) => value !== null);
  const types = [schema.type ?? 'anything'].flat().filter((type) => type !== 'null');
  const isNullable = [schema.type].flat().includes('null');
  const form = values
    ? joined(
        values.map((value) => html`<code>${String(value)}</code>`),
        ' · ',
      )
    : [schema.format === 'uri' ? 'URL' : schema.format === 'date-time' ? 'time' : types.join(' or '), ...boundsOf(schema)];
  const fallback = schema.default === undefined ? null : html`, default <code>${String(schema.default)}</code>`;
  return [form, isNullable && ' or null', fallback];
}

function boundsOf({ minimum, maximum, minLength, maxLength, minItems, maxItems }: JsonSchema): string[] {
  if (maxItems !== undefined)
    return [minItems === undefined ? `up to ${count(maxItems)} ` : `${minItems} to ${count(maxItems)} `];
  if (maxLength !== undefined)
    return [
      minLength === undefined ? `, up to ${count(maxLength)} characters` : `, ${minLength} to ${count(maxLength)} characters`,
    ];
  if (minimum !== undefined) return [maximum === undefined ? ` from ${minimum}` : ` ${minimum} to ${count(maximum)}`];
  return [];
}

function count(value: number): string {
  return value.toLocaleString('en');
}
