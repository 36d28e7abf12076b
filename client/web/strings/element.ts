/** What the embedded element says, and no page of ours. */
export interface ElementWords {
  connectingFirst: string;
  olderFailed: string;
  openPage: string;
  noChannel: string;
  notFound: string;
  notAdmitted: string;
  refused: string;
}

/** By the language of the words around posts, which has them. */
export function elementWordsIn(language: string): ElementWords {
  return languages[language as keyof typeof languages] ?? languages.en;
}

const languages = {
  en: {
    connectingFirst: 'Connecting',
    olderFailed: 'The older posts could not be fetched. Try again.',
    openPage: 'Open the coverage on its own page',
    noChannel: 'No channel is named.',
    notFound: 'This coverage is not here.',
    notAdmitted: 'This coverage cannot be shown on this site: the server does not admit it (PRESSBOX_ORIGINS).',
    refused: 'This coverage cannot be shown.',
  },
  de: {
    connectingFirst: 'Verbinden',
    olderFailed: 'Die älteren Beiträge konnten nicht geladen werden. Versuchen Sie es noch einmal.',
    openPage: 'Die Berichterstattung auf eigener Seite öffnen',
    noChannel: 'Es ist kein Kanal angegeben.',
    notFound: 'Diese Berichterstattung gibt es hier nicht.',
    notAdmitted:
      'Diese Berichterstattung kann auf dieser Website nicht gezeigt werden: Der Server lässt sie nicht zu (PRESSBOX_ORIGINS).',
    refused: 'Diese Berichterstattung kann nicht gezeigt werden.',
  },
  fr: {
    connectingFirst: 'Connexion',
    olderFailed: 'Les messages précédents n’ont pas pu être chargés. Réessayez.',
    openPage: 'Ouvrir le direct sur sa propre page',
    noChannel: 'Aucun direct n’est indiqué.',
    notFound: 'Ce direct ne se trouve pas ici.',
    notAdmitted: 'Ce direct ne peut pas être affiché sur ce site : le serveur ne l’admet pas (PRESSBOX_ORIGINS).',
    refused: 'Ce direct ne peut pas être affiché.',
  },
  es: {
    connectingFirst: 'Conectando',
    olderFailed: 'No se han podido cargar los mensajes anteriores. Inténtelo de nuevo.',
    openPage: 'Abrir la cobertura en su propia página',
    noChannel: 'No se indica ninguna cobertura.',
    notFound: 'Esta cobertura no está aquí.',
    notAdmitted: 'Esta cobertura no puede mostrarse en este sitio: el servidor no lo admite (PRESSBOX_ORIGINS).',
    refused: 'Esta cobertura no puede mostrarse.',
  },
  ar: {
    connectingFirst: 'جارٍ الاتصال',
    olderFailed: 'تعذّر جلب المنشورات الأقدم. حاول مرة أخرى.',
    openPage: 'افتح التغطية في صفحتها',
    noChannel: 'لم تُحدَّد أي تغطية.',
    notFound: 'هذه التغطية غير موجودة هنا.',
    notAdmitted: 'لا يمكن عرض هذه التغطية في هذا الموقع: الخادم لا يسمح به (PRESSBOX_ORIGINS).',
    refused: 'لا يمكن عرض هذه التغطية.',
  },
} satisfies Record<string, ElementWords>;
