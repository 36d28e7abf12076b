import type * as vocabulary from 'schema-dts';
import { z } from 'zod';
import { isUri } from './atom.ts';

/**
 * The schema.org types that Pressbox uses, with the properties of each type and their values. A type inherits the properties of
 * its parents. The compiler checks the types and their properties against the published vocabulary.
 */

type Range = readonly string[];
interface Vocabulary {
  Thing: vocabulary.ThingLeaf;
  CreativeWork: vocabulary.CreativeWorkLeaf;
  Article: vocabulary.ArticleLeaf;
  SocialMediaPosting: vocabulary.SocialMediaPostingLeaf;
  BlogPosting: vocabulary.BlogPostingLeaf;
  LiveBlogPosting: vocabulary.LiveBlogPostingLeaf;
  Comment: vocabulary.CommentLeaf;
  CorrectionComment: vocabulary.CorrectionCommentLeaf;
  WebPage: vocabulary.WebPageLeaf;
  MediaObject: vocabulary.MediaObjectLeaf;
  ImageObject: vocabulary.ImageObjectLeaf;
  VideoObject: vocabulary.VideoObjectLeaf;
  AudioObject: vocabulary.AudioObjectLeaf;
  Person: vocabulary.PersonLeaf;
  Organization: vocabulary.OrganizationLeaf;
  QuantitativeValue: vocabulary.QuantitativeValueLeaf;
}
type Name<T extends keyof Vocabulary> = Exclude<keyof Vocabulary[T], `@${string}`>;
interface Type {
  kindOf?: string;
  properties: Record<string, Range>;
  /** Properties that consumers of the data require. */
  required?: readonly string[];
}

const types: {
  [T in keyof Vocabulary]: Type & {
    kindOf?: keyof Vocabulary;
    properties: { [name in Name<T>]?: Range };
    required?: readonly Name<T>[];
  };
} = {
  Thing: {
    properties: {
      name: ['Text'],
      description: ['Text', 'TextObject'],
      url: ['URL'],
      mainEntityOfPage: ['CreativeWork', 'URL'],
      image: ['ImageObject', 'URL'],
    },
  },
  CreativeWork: {
    kindOf: 'Thing',
    properties: {
      headline: ['Text'],
      text: ['Text'],
      author: ['Organization', 'Person'],
      publisher: ['Organization', 'Person'],
      inLanguage: ['Language', 'Text'],
      isAccessibleForFree: ['Boolean'],
      dateCreated: ['Date', 'DateTime'],
      datePublished: ['Date', 'DateTime'],
      dateModified: ['Date', 'DateTime'],
      correction: ['CorrectionComment', 'Text', 'URL'],
      citation: ['CreativeWork', 'Text'],
      creativeWorkStatus: ['DefinedTerm', 'Text'],
      creditText: ['Text'],
      encodingFormat: ['Text', 'URL'],
      thumbnailUrl: ['URL'],
      audio: ['AudioObject', 'Clip', 'MusicRecording', 'Text'],
      video: ['Clip', 'VideoObject'],
    },
  },
  Article: { kindOf: 'CreativeWork', properties: { articleBody: ['Text'], articleSection: ['Text'] } },
  SocialMediaPosting: { kindOf: 'Article', properties: {} },
  BlogPosting: {
    kindOf: 'SocialMediaPosting',
    properties: {},
    required: ['headline', 'url', 'datePublished', 'dateModified', 'author'],
  },
  LiveBlogPosting: {
    kindOf: 'BlogPosting',
    properties: { coverageStartTime: ['DateTime'], coverageEndTime: ['DateTime'], liveBlogUpdate: ['BlogPosting'] },
    required: ['headline', 'url', 'datePublished', 'dateModified', 'coverageStartTime', 'author', 'publisher', 'liveBlogUpdate'],
  },
  Comment: { kindOf: 'CreativeWork', properties: {} },
  CorrectionComment: { kindOf: 'Comment', properties: {}, required: ['text', 'dateCreated'] },
  WebPage: { kindOf: 'CreativeWork', properties: {} },
  MediaObject: {
    kindOf: 'CreativeWork',
    properties: {
      contentUrl: ['URL'],
      uploadDate: ['Date', 'DateTime'],
      width: ['Distance', 'QuantitativeValue'],
      height: ['Distance', 'QuantitativeValue'],
    },
  },
  ImageObject: { kindOf: 'MediaObject', properties: { caption: ['MediaObject', 'Text'] }, required: ['contentUrl'] },
  VideoObject: {
    kindOf: 'MediaObject',
    properties: { caption: ['MediaObject', 'Text'] },
    required: ['name', 'contentUrl', 'uploadDate'],
  },
  AudioObject: { kindOf: 'MediaObject', properties: {}, required: ['name', 'contentUrl'] },
  Person: { kindOf: 'Thing', properties: { jobTitle: ['DefinedTerm', 'Text'] }, required: ['name'] },
  Organization: { kindOf: 'Thing', properties: { logo: ['ImageObject', 'URL'] }, required: ['name'] },
  QuantitativeValue: { kindOf: 'Thing', properties: { value: ['Boolean', 'Number', 'Text'], unitCode: ['Text', 'URL'] } },
};

export function schemaOrgFaults(value: unknown, where = ''): string[] {
  if (typeof value !== 'object' || value === null) return [`${where} is no thing`];
  const thing = value as Record<string, unknown>;
  const type = String(thing['@type']);
  if (typeOf(type) === undefined) return [`${where} is a ${type}`];
  const known = propertiesOf(type);
  const missing = (typeOf(type)?.required ?? [])
    .filter((name) => thing[name] === undefined)
    .map((name) => `${where}: a ${type} lacks ${name}`);
  const wrong = Object.entries(thing).flatMap(([name, given]) => {
    if (name === '@type' || name === '@context') return [];
    if (name === '@id') return isUri(String(given)) ? [] : [`${where} has the id ${given}`];
    const range = known[name];
    if (range === undefined) return [`${where}: a ${type} has no ${name}`];
    return (Array.isArray(given) ? given : [given]).flatMap((one, at) =>
      valueFaults(one, range, `${where}/${name}${Array.isArray(given) ? at : ''}`),
    );
  });
  return [...missing, ...wrong];
}

function valueFaults(value: unknown, range: Range, where: string): string[] {
  if (typeof value === 'object' && value !== null) {
    const type = String((value as Record<string, unknown>)['@type']);
    return range.some((one) => linesOf(type).includes(one)) ? schemaOrgFaults(value, where) : [`${where} is a ${type}`];
  }
  const fits = {
    Text: typeof value === 'string' && value !== '',
    URL: typeof value === 'string' && isUri(value),
    DateTime: z.iso.datetime().safeParse(value).success,
    Boolean: typeof value === 'boolean',
    Number: typeof value === 'number',
  };
  return range.some((one) => fits[one as keyof typeof fits]) ? [] : [`${where} is ${JSON.stringify(value)}`];
}

function typeOf(name: string): Type | undefined {
  return (types as Record<string, Type>)[name];
}

/** A type and its parents. */
function linesOf(type: string): string[] {
  const { kindOf } = typeOf(type) ?? {};
  return kindOf === undefined ? [type] : [type, ...linesOf(kindOf)];
}

function propertiesOf(type: string): Record<string, Range> {
  return Object.assign({}, ...linesOf(type).map((one) => typeOf(one)?.properties ?? {}));
}
