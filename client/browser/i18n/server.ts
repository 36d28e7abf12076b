import type { Language } from './languages.ts';

/** Words of a channel's pages that only the server renders. Kept apart, so that no script loads them. */
export interface ServerWords {
  /** Shown without a script: the time as of which the page is current. */
  reloadFor: (asOf: string) => string;
  signOut: string;
  wasWithdrawn: string;
  wasWithdrawnFrom: (coverage: string) => string;
  partOf: (coverage: string) => string;
  theCoverage: string;
  /** The line above the post of a permanent link. */
  fromCoverage: (headline: string) => string;
  toNewest: string;
  aroundIt: string;
  latestPost: (at: string) => string;
  noPosts: string;
  ended: (at: string) => string;
  members: string;
  /** Pages of selected posts, and the links to them. */
  whichPosts: string;
  allPosts: string;
  summaries: string;
  noneSelected: string;
  fromBeginning: string;
  newestFirst: string;
  everythingLive: string;
  asOf: (time: string) => string;
  /** In the place of a choice, on one line of a phone. */
  briefAsOf: (time: string) => string;
}

/** The words in this language of the interface. */
export function serverWordsIn(language: Language): ServerWords {
  return byLanguage[language];
}

const byLanguage: Readonly<Record<Language, ServerWords>> = {
  en: {
    reloadFor: (asOf) => `As of ${asOf}. Reload for what is new.`,
    signOut: 'Sign out',
    wasWithdrawn: 'This post was withdrawn',
    wasWithdrawnFrom: (coverage) => `A post was withdrawn: ${coverage}`,
    partOf: (coverage) => `It was part of ${coverage}.`,
    theCoverage: 'The coverage',
    fromCoverage: (headline) => `From our live coverage: ${headline}`,
    toNewest: 'Go to newest',
    aroundIt: 'What was around it',
    latestPost: (at) => `Latest post ${at}`,
    noPosts: 'No posts yet',
    ended: (at) => `Ended ${at}`,
    members: 'Members',
    whichPosts: 'Which posts',
    allPosts: 'All',
    summaries: 'Summaries',
    noneSelected: 'There are no such posts.',
    fromBeginning: 'From the beginning',
    newestFirst: 'Newest first',
    everythingLive: 'Everything, live',
    asOf: (time) => `As of ${time}. This page does not update itself.`,
    briefAsOf: (time) => `As of ${time}`,
  },
  de: {
    reloadFor: (asOf) => `Stand ${asOf}. Für Neues neu laden.`,
    signOut: 'Abmelden',
    wasWithdrawn: 'Dieser Beitrag wurde zurückgezogen',
    wasWithdrawnFrom: (coverage) => `Ein Beitrag wurde zurückgezogen: ${coverage}`,
    partOf: (coverage) => `Er gehörte zu ${coverage}.`,
    theCoverage: 'Die Berichterstattung',
    fromCoverage: (headline) => `Aus unserer Live-Berichterstattung: ${headline}`,
    toNewest: 'Zum Neuesten',
    aroundIt: 'Was um ihn herum stand',
    latestPost: (at) => `Letzter Beitrag ${at}`,
    noPosts: 'Noch keine Beiträge',
    ended: (at) => `Beendet am ${at}`,
    members: 'Für Mitglieder',
    whichPosts: 'Welche Beiträge',
    allPosts: 'Alle',
    summaries: 'Zusammenfassungen',
    noneSelected: 'Solche Beiträge gibt es nicht.',
    fromBeginning: 'Von Anfang an',
    newestFirst: 'Neueste zuerst',
    everythingLive: 'Alles, live',
    asOf: (time) => `Stand ${time}. Diese Seite aktualisiert sich nicht von selbst.`,
    briefAsOf: (time) => `Stand ${time}`,
  },
  fr: {
    reloadFor: (asOf) => `État à ${asOf}. Rechargez la page pour voir la suite.`,
    signOut: 'Se déconnecter',
    wasWithdrawn: 'Ce message a été retiré',
    wasWithdrawnFrom: (coverage) => `Un message a été retiré\u00a0: ${coverage}`,
    partOf: (coverage) => `Il faisait partie de ce direct\u00a0: ${coverage}.`,
    theCoverage: 'Le direct',
    fromCoverage: (headline) => `Extrait de notre direct\u00a0: ${headline}`,
    toNewest: 'Voir les derniers messages',
    aroundIt: 'Ce qui l’entourait',
    latestPost: (at) => `Dernier message\u00a0: ${at}`,
    noPosts: 'Aucun message pour l’instant',
    ended: (at) => `Terminé le ${at}`,
    members: 'Membres',
    whichPosts: 'Quels messages',
    allPosts: 'Tout',
    summaries: 'Résumés',
    noneSelected: 'Il n’y a aucun message de ce type.',
    fromBeginning: 'Depuis le début',
    newestFirst: 'Du plus récent au plus ancien',
    everythingLive: 'Tout, en direct',
    asOf: (time) => `État à ${time}. Cette page ne se met pas à jour toute seule.`,
    briefAsOf: (time) => `Au ${time}`,
  },
  es: {
    reloadFor: (asOf) => `Datos de las ${asOf}. Recargue la página para ver lo nuevo.`,
    signOut: 'Cerrar sesión',
    wasWithdrawn: 'Este mensaje fue retirado',
    wasWithdrawnFrom: (coverage) => `Un mensaje fue retirado: ${coverage}`,
    partOf: (coverage) => `Formaba parte de esta cobertura: ${coverage}.`,
    theCoverage: 'La cobertura',
    fromCoverage: (headline) => `De nuestra cobertura en directo: ${headline}`,
    toNewest: 'Ir a lo más reciente',
    aroundIt: 'Lo que lo rodeaba',
    latestPost: (at) => `Último mensaje: ${at}`,
    noPosts: 'Aún no hay mensajes',
    ended: (at) => `Terminó el ${at}`,
    members: 'Miembros',
    whichPosts: 'Qué mensajes',
    allPosts: 'Todo',
    summaries: 'Resúmenes',
    noneSelected: 'No hay mensajes de este tipo.',
    fromBeginning: 'Desde el principio',
    newestFirst: 'Lo más reciente primero',
    everythingLive: 'Todo, en directo',
    asOf: (time) => `Datos de las ${time}. Esta página no se actualiza sola.`,
    briefAsOf: (time) => `Hasta: ${time}`,
  },
  ar: {
    reloadFor: (asOf) => `حتى ${asOf}. أعد تحميل الصفحة للاطلاع على الجديد.`,
    signOut: 'تسجيل الخروج',
    wasWithdrawn: 'سُحب هذا المنشور',
    wasWithdrawnFrom: (coverage) => `سُحب منشور: ${coverage}`,
    partOf: (coverage) => `كان جزءًا من هذه التغطية: ${coverage}.`,
    theCoverage: 'التغطية',
    fromCoverage: (headline) => `من تغطيتنا المباشرة: ${headline}`,
    toNewest: 'إلى الأحدث',
    aroundIt: 'ما كان حوله',
    latestPost: (at) => `آخر منشور ${at}`,
    noPosts: 'لا منشورات بعد',
    ended: (at) => `انتهت في ${at}`,
    members: 'للأعضاء',
    whichPosts: 'أي منشورات',
    allPosts: 'الكل',
    summaries: 'الملخصات',
    noneSelected: 'لا توجد منشورات من هذا النوع.',
    fromBeginning: 'من البداية',
    newestFirst: 'الأحدث أولًا',
    everythingLive: 'كل شيء مباشرةً',
    asOf: (time) => `حتى ${time}. لا تُحدَّث هذه الصفحة تلقائيًا.`,
    briefAsOf: (time) => `حتى ${time}`,
  },
};
