/** The words of the timeline of a coverage on the desk. */
export interface TimelineWords {
  timeline: string;
  read: string;
  edit: string;
  pin: string;
  unpin: string;
  retract: string;
  takedown: string;
  nextPost: string;
  previousPost: string;
  editPost: string;
  loading: string;
  offline: string;
  noCoverage: string;
  notLoaded: string;
  // The text of a retracted post
  retractedText: string;
  onlyNewsroom: string;
  textNotLoaded: string;
  /** Behind the name of a link. */
  inNewTab: string;
  /** Who made a change that is counted or announced. */
  changedBy: (names: string) => string;
}
