import { emil } from './step.ts';

/**
 * Short posts with a mistake that is corrected a moment later. The demo publishes one when a reader opens the page and the story
 * has no correction coming soon. They fit at any point of the story.
 */
export interface Aside {
  headline: string;
  body: string;
  corrected: string;
  note: string;
}

export const asideAuthors = emil;

export const asides: readonly [Aside, ...Aside[]] = [
  {
    headline: 'How far away is that?',
    body: 'A word from the Moon takes about **two and a half seconds** to reach us.',
    corrected: 'A word from the Moon takes about **one and a quarter seconds** to reach us.',
    note: 'Two and a half seconds is the time there and back.',
  },
  {
    headline: 'The computer on board',
    body: 'The computer that flies *Eagle* weighs about **23 kilograms**, and holds fewer words than a short novel.',
    corrected: 'The computer that flies *Eagle* weighs about **32 kilograms**, and holds fewer words than a short novel.',
    note: 'The computer weighs about 32 kilograms. We had turned the digits round.',
  },
  {
    headline: 'Once around the Moon',
    body: '*Columbia* goes around the Moon about once **every hour**.',
    corrected: '*Columbia* goes around the Moon about once **every two hours**.',
    note: 'One time around takes about two hours, not one.',
  },
  {
    headline: 'What got them there',
    body: 'The rocket that sent them on their way was **101 metres** high when it left the ground.',
    corrected: 'The rocket that sent them on their way was **111 metres** high when it left the ground.',
    note: 'The rocket was 111 metres high, not 101.',
  },
  {
    headline: 'A sixth of the weight',
    body: 'What weighs 60 kilograms at home weighs as little as **six** there.',
    corrected: 'What weighs 60 kilograms at home weighs as little as **ten** there.',
    note: 'A sixth of 60 is 10.',
  },
  {
    headline: 'When they set out',
    body: 'They left the Earth on **15 July**, from the coast of Florida.',
    corrected: 'They left the Earth on **16 July**, from the coast of Florida.',
    note: 'The launch was on 16 July.',
  },
];
