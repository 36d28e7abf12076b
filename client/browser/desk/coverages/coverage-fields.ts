import {
  altCharacters,
  captionCharacters,
  channelByline,
  headlineCharacters,
  noteCharacters,
  sectionCharacters,
  standfirstCharacters,
  textCharacters,
  urlCharacters,
} from '../../../../src/protocol/client-limits.ts';
import {
  channelIdPattern,
  hasControls,
  hasPlainHost,
  isAbsoluteUrl,
  isOneLine,
  isWellFormed,
  isWithin,
} from '../../../../src/protocol/field-rules.ts';
import {
  type Access,
  type Channel,
  needsNote,
  type Person,
  type Picture,
  type RevisionKind,
} from '../../../../src/protocol/model.ts';
import { isVisible } from '../../../../src/protocol/visible-text.ts';
import type { ChannelFields, ChannelPatch, NewChannel } from '../../../lib/author-client.ts';
import { type Destination, isLoadableThere } from '../pictures/loadable-picture.ts';
import { deviceAddress } from '../pictures/uploads/pictures-in-writes.ts';
import { timeOfWall, wallTimeOf } from './wall-time.ts';

/** The form of a coverage, as texts of its fields. The functions below fill it, check it, and make what it sends. */
export interface CoverageForm {
  /** Only for a new coverage. */
  id: string;
  state: 'live' | 'scheduled';
  headline: string;
  standfirst: string;
  section: string;
  /** One person on each line: the name, and a role after a comma. */
  byline: string;
  access: Access;
  language: string;
  timezone: string;
  /** `chosenAddress`: a picture of this device. */
  pictureUrl: string;
  pictureAlt: string;
  pictureCaption: string;
  pictureCredit: string;
  url: string;
  /** On a clock in the zone of the coverage, as `<input type="datetime-local">` has it. */
  startsAt: string;
  /** Only if the headline or the standfirst of a coverage changes. */
  changeKind: RevisionKind;
  changeNote: string;
}

/** Stands for the picture of this device that is chosen in the form. */
export const chosenAddress = deviceAddress('chosen');

export function emptyForm({ language, timezone }: Pick<Channel, 'language' | 'timezone'>): CoverageForm {
  return {
    id: '',
    state: 'live',
    headline: '',
    standfirst: '',
    section: '',
    byline: '',
    access: 'public',
    language,
    timezone,
    pictureUrl: '',
    pictureAlt: '',
    pictureCaption: '',
    pictureCredit: '',
    url: '',
    startsAt: '',
    changeKind: 'update',
    changeNote: '',
  };
}

export function formOf(channel: Channel): CoverageForm {
  const { id, headline, language, timezone, access, picture, startsAt, byline } = channel;
  return {
    ...emptyForm({ language, timezone }),
    id,
    headline,
    access,
    standfirst: channel.standfirst ?? '',
    section: channel.section ?? '',
    byline: byline.map(lineOf).join('\n'),
    pictureUrl: picture?.url ?? '',
    pictureAlt: picture?.alt ?? '',
    pictureCaption: picture?.caption ?? '',
    pictureCredit: picture?.credit ?? '',
    url: channel.url ?? '',
    startsAt: startsAt === null ? '' : wallTimeOf(startsAt, timezone),
  };
}

/** The form as its author changed it, on another revision of the coverage. Fields that they did not touch are as in that revision. */
export function rebased(form: CoverageForm, base: CoverageForm, now: CoverageForm): CoverageForm {
  const names = Object.keys(form) as (keyof CoverageForm)[];
  return Object.fromEntries(
    names.map((name) => [name, form[name] === base[name] ? now[name] : form[name]]),
  ) as unknown as CoverageForm;
}

export function newChannelOf(form: CoverageForm): NewChannel & { id: string } {
  return { id: form.id, state: form.state, ...fieldsOf(form, undefined) };
}

/** Undefined if nothing changes. */
export function patchOf(form: CoverageForm, channel: Channel): ChannelPatch | undefined {
  const fields = fieldsOf(form, channel);
  // A field that nobody touched is not a change, even if the form would write it in another way.
  const untouched = fieldsOf(formOf(channel), channel);
  const names = Object.keys(fields) as (keyof ChannelFields)[];
  const changed = names.filter((name) => JSON.stringify(fields[name]) !== JSON.stringify(untouched[name]));
  if (changed.length === 0) return undefined;
  const patch: ChannelPatch = Object.fromEntries(changed.map((name) => [name, fields[name]]));
  const note = form.changeNote.trim();
  if (changesText(patch)) patch.change = { kind: form.changeKind, note: note === '' ? null : note };
  return patch;
}

/** Whether readers are told about the change. */
export function changesText(patch: ChannelPatch): boolean {
  return patch.headline !== undefined || patch.standfirst !== undefined;
}

/** The reason why a field is not accepted. */
export type Fault =
  | 'missing'
  | 'too-long'
  | 'not-plain'
  | 'not-https'
  | 'not-loadable'
  | 'not-id'
  | 'not-language'
  | 'not-zone'
  | 'too-many';
export type Faults = Partial<Record<keyof CoverageForm, Fault>>;

/** `origin`: of the server, whose own pictures may be on plain HTTP. `channel`: the coverage that is changed. */
export function faultsOf(form: CoverageForm, { origin, channel }: { origin: string; channel: Channel | undefined }): Faults {
  const faults: Faults = {};
  const check = (name: keyof CoverageForm, fault: Fault | undefined) => {
    if (fault !== undefined) faults[name] ??= fault;
  };
  const hasPicture = form.pictureUrl.trim() !== '';
  if (channel === undefined && !channelIdPattern.test(form.id)) faults.id = 'not-id';
  check('headline', isVisible(form.headline) ? lineFault(form.headline, headlineCharacters) : 'missing');
  check('standfirst', textFault(form.standfirst, standfirstCharacters));
  check('section', lineFault(form.section, sectionCharacters));
  const people = peopleIn(form.byline, []);
  if (people.length > channelByline) check('byline', 'too-many');
  for (const { name, role = '' } of people) check('byline', lineFault(name, textCharacters) ?? lineFault(role, textCharacters));
  check('language', isLanguage(form.language) ? undefined : 'not-language');
  check('timezone', isZone(form.timezone) ? undefined : 'not-zone');
  if (hasPicture) {
    check('pictureUrl', pictureUrlFault(form.pictureUrl.trim(), { channelId: form.id, origin }));
    check('pictureAlt', isVisible(form.pictureAlt) ? lineFault(form.pictureAlt, altCharacters) : 'missing');
    check('pictureCaption', textFault(form.pictureCaption, captionCharacters));
    check('pictureCredit', lineFault(form.pictureCredit, textCharacters));
  }
  if (form.url.trim() !== '') check('url', urlFault(form.url.trim(), ['https:']));
  check('changeNote', textFault(form.changeNote, noteCharacters));
  const patch = channel && patchOf(form, channel);
  if (patch?.change && needsNote(patch.change.kind) && !isVisible(form.changeNote)) faults.changeNote = 'missing';
  return faults;
}

function fieldsOf(form: CoverageForm, channel: Channel | undefined): ChannelFields & { headline: string } {
  const { language, timezone, access } = form;
  return {
    headline: form.headline.trim(),
    standfirst: orNull(form.standfirst),
    section: orNull(form.section),
    byline: peopleIn(form.byline, channel?.byline ?? []),
    picture: pictureOf(form, channel?.picture ?? null),
    language,
    timezone,
    access,
    url: orNull(form.url),
    startsAt: startOf(form, channel),
  };
}

/** The form has minutes. A start that was not touched keeps its seconds. */
function startOf({ startsAt, timezone }: CoverageForm, channel: Channel | undefined): string | null {
  if (startsAt === '' || !isZone(timezone)) return null;
  const before = channel?.startsAt ?? null;
  if (channel && before !== null && channel.timezone === timezone && wallTimeOf(before, timezone) === startsAt) return before;
  return timeOfWall(startsAt, timezone) ?? null;
}

/** People who are in the byline already keep the fields that the form does not have. */
function peopleIn(byline: string, known: readonly Person[]): Person[] {
  return byline.split('\n').flatMap((line) => {
    const text = line.trim();
    if (text === '') return [];
    const same = known.find((person) => lineOf(person) === text);
    if (same !== undefined) return [same];
    const [, name = text, role = ''] = /^([^,]*),(.*)$/.exec(text) ?? [];
    return [{ name: name.trim(), ...(role.trim() !== '' && { role: role.trim() }) }];
  });
}

function lineOf({ name, role }: Person): string {
  return role === undefined ? name : `${name}, ${role}`;
}

/** The size and the focus belong to the address. */
function pictureOf(form: CoverageForm, before: Picture | null): Picture | null {
  const url = form.pictureUrl.trim();
  if (url === '') return null;
  const { width, height, focus } = before?.url === url ? before : {};
  const [caption, credit] = [form.pictureCaption.trim(), form.pictureCredit.trim()];
  return {
    url,
    alt: form.pictureAlt.trim(),
    ...(caption !== '' && { caption }),
    ...(credit !== '' && { credit }),
    ...(width !== undefined && { width }),
    ...(height !== undefined && { height }),
    ...(focus !== undefined && { focus }),
  };
}

function orNull(text: string): string | null {
  return text.trim() === '' ? null : text.trim();
}

function lineFault(text: string, most: number): Fault | undefined {
  if (!isWithin(text, most)) return 'too-long';
  return isOneLine(text) && isWellFormed(text) ? undefined : 'not-plain';
}

function textFault(text: string, most: number): Fault | undefined {
  if (!isWithin(text, most)) return 'too-long';
  return !hasControls(text) && isWellFormed(text) ? undefined : 'not-plain';
}

function urlFault(url: string, schemes: readonly string[]): Fault | undefined {
  if (!isWithin(url, urlCharacters)) return 'too-long';
  return isAbsoluteUrl(url, schemes) && hasPlainHost(url) ? undefined : 'not-https';
}

function pictureUrlFault(url: string, destination: Destination): Fault | undefined {
  if (url === chosenAddress) return undefined;
  return urlFault(url, ['https:', 'http:']) ?? (isLoadableThere(url, destination) ? undefined : 'not-loadable');
}

function isLanguage(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

function isZone(name: string): boolean {
  try {
    return /^[A-Za-z]/.test(name) && new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
