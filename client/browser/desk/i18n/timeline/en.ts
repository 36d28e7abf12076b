import type { TimelineWords } from './words.ts';

export const timelineWords: TimelineWords = {
  timeline: 'Posts of this coverage',
  read: 'Read the text',
  edit: 'Edit or correct',
  pin: 'Pin',
  unpin: 'Unpin',
  retract: 'Retract',
  takedown: 'Take down',
  nextPost: 'Next post',
  previousPost: 'Previous post',
  editPost: 'Edit or correct the post that has the focus',
  loading: 'Loading the posts.',
  offline:
    'The posts cannot be loaded without a connection. You can write: what you publish is kept on this device and goes out once the connection is back.',
  noCoverage: 'The server has no such coverage, or you may not read it.',
  notLoaded: 'The posts could not be loaded. Try again.',
  retractedText: 'The text that was retracted',
  onlyNewsroom: 'Only your newsroom sees it. Readers see the note.',
  textNotLoaded: 'The text could not be loaded.',
  inNewTab: 'in a new tab',
  changedBy: (names) => `by ${names}`,
};
