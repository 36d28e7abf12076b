import type { AppWords } from './words.ts';

export const appWords: AppWords = {
  partMissing: 'Ein Teil dieser Seite konnte nicht geladen werden. Was Sie schreiben, bleibt erhalten.',
  reload: 'Neu laden',
  openCoverages: 'Geöffnete Berichterstattung',
  newPosts: { one: '# neuer Beitrag', other: '# neue Beiträge' },
  close: (coverage) => `${coverage} schließen`,
  signIn: 'Anmelden',
  signOut: 'Abmelden',
  signedOut: 'Sie sind nicht angemeldet',
  signInHow: 'Öffnen Sie den Link, den Ihre Redaktion Ihnen gegeben hat, oder melden Sie sich mit einem Zugangsschlüssel an.',
  unreachable:
    'Der Server ist nicht erreichbar, deshalb weiß die Seite nicht, wer angemeldet ist. Sie versucht es von selbst wieder.',
  otherTabs: 'Ein anderer Tab hat eine ältere Fassung dieser Seite. Schließen Sie ihre anderen Tabs, dann öffnet sich dieser.',
  waitsForTabs:
    'In einem anderen Tab wartet eine neuere Fassung dieser Seite. Bis sie sich öffnet, wird nichts gespeichert, was Sie hier schreiben. Schließen Sie die anderen Tabs dieser Seite.',
  desk: 'Redaktion',
  connected: 'Aktuell',
  reconnecting: 'Verbinden …',
  offline: 'Offline',
  needsYou: { one: '# Beitrag braucht Sie', other: '# Beiträge brauchen Sie' },
  unsent: { one: '# noch nicht draußen', other: '# noch nicht draußen' },
  sending: { one: '# wird gesendet', other: '# werden gesendet' },
  held: { one: '# geht gleich hinaus', other: '# gehen gleich hinaus' },
  notOutYet: { one: '# Beitrag ist noch nicht draußen', other: '# Beiträge sind noch nicht draußen' },
  allOut: 'Alles ist hinausgegangen',
  unsentStays:
    'Was Sie geschrieben haben, bleibt auf diesem Gerät. Es wird gesendet, wenn Sie sich hier wieder anmelden; niemand sonst kann es sehen oder senden.',
  signOutAnyway: 'Abmelden',
  stay: 'Angemeldet bleiben',
  notSignedOut: 'Sie sind noch angemeldet',
  notSignedOutWhy:
    'Der Server war nicht erreichbar, deshalb wurde die Sitzung nicht beendet. Versuchen Sie es wieder, wenn Sie verbunden sind.',
  keys: 'Tasten',
  keysKey: 'Tasten anzeigen',
  letters: 'Tastenkürzel aus einem Buchstaben',
  lettersWhy: 'Zum Beispiel N, J und K. Ohne sie wirken nur Tastenkombinationen und Esc.',
  done: 'Schließen',
  delivery: {
    offline: 'kein Netz',
    unreachable: 'Server nicht erreichbar',
    'signed-out': 'abgemeldet',
    'other-author': 'jemand anderes ist angemeldet',
    'storage-failed': 'das Gerät kann es nicht speichern',
    outdated: 'laden Sie die Seite neu',
  },
};
