import type { TimelineWords } from './words.ts';

export const timelineWords: TimelineWords = {
  timeline: 'Beiträge dieser Berichterstattung',
  read: 'Text lesen',
  edit: 'Bearbeiten oder korrigieren',
  pin: 'Anheften',
  unpin: 'Lösen',
  retract: 'Zurückziehen',
  takedown: 'Löschen',
  nextPost: 'Nächster Beitrag',
  previousPost: 'Voriger Beitrag',
  editPost: 'Den Beitrag mit dem Fokus bearbeiten oder korrigieren',
  loading: 'Die Beiträge werden geladen.',
  offline:
    'Ohne Verbindung können die Beiträge nicht geladen werden. Schreiben können Sie: Was Sie veröffentlichen, bleibt auf diesem Gerät und geht hinaus, sobald die Verbindung wieder da ist.',
  noCoverage: 'Der Server hat keine solche Berichterstattung, oder Sie dürfen sie nicht lesen.',
  notLoaded: 'Die Beiträge konnten nicht geladen werden. Versuchen Sie es noch einmal.',
  retractedText: 'Der widerrufene Text',
  onlyNewsroom: 'Nur Ihre Redaktion sieht ihn. Das Publikum sieht den Hinweis.',
  textNotLoaded: 'Der Text konnte nicht geladen werden.',
  inNewTab: 'in einem neuen Tab',
  changedBy: (names) => `von ${names}`,
};
