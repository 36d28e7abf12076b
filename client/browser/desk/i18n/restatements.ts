import type { Language } from '../../i18n/languages.ts';
import type { Plural } from '../../i18n/words.ts';

/** The words of the list of other posts that may say what was corrected. */
export interface RestatementsWords {
  /** The name of the list. */
  others: string;
  searching: string;
  found: Plural;
  /** `removed`: what was searched for, each in quotation marks. */
  none: (removed: string) => string;
  quoted: (text: string) => string;
  searched: Plural;
  olderNotSearched: string;
  notSearched: string;
  tryAgain: string;
  /** Precedes what was removed from the corrected post. */
  lookedFor: string;
  /** The author of the post named the corrected one as one that it restates. */
  restates: string;
  show: string;
  hide: string;
  close: string;
  correctToo: string;
  fine: string;
  /** `names`: of those who published the post. */
  notYours: (names: string) => string;
  notOpened: string;
  /** A post without a headline and without a text. */
  untitled: (at: string) => string;
  /** The accessible name of a button, with the post it is about. */
  buttonOf: (button: string, title: string) => string;
  goTo: string;
}

export function restatementsWordsIn(language: Language): RestatementsWords {
  return byLanguage[language];
}

const byLanguage: Readonly<Record<Language, RestatementsWords>> = {
  en: {
    others: 'Other posts that may say so too',
    searching: 'Looking for other posts that say so too.',
    found: { one: '# other post may say so too', other: '# other posts may say so too' },
    none: (removed) => `Nothing else says ${removed}`,
    quoted: (text) => `“${text}”`,
    searched: { one: '# other post searched.', other: '# other posts searched.' },
    olderNotSearched: 'Older posts were not searched.',
    notSearched: 'The other posts could not be searched.',
    tryAgain: 'Try again',
    lookedFor: 'Removed:',
    restates: 'Drawn from the corrected post',
    show: 'Show',
    hide: 'Hide',
    close: 'Close',
    correctToo: 'Correct this too',
    fine: 'It is fine',
    notYours: (names) => `By ${names}. Only they or an editor can change it.`,
    notOpened: 'The post could not be loaded. Try again.',
    untitled: (at) => `Post of ${at}`,
    buttonOf: (button, title) => `${button}: ${title}`,
    goTo: 'Go to the posts that may say so too',
  },
  de: {
    others: 'Andere Beiträge, in denen es vielleicht auch steht',
    searching: 'Andere Beiträge werden durchsucht.',
    found: {
      one: 'In # anderen Beitrag steht es vielleicht auch',
      other: 'In # anderen Beiträgen steht es vielleicht auch',
    },
    none: (removed) => `In keinem anderen Beitrag steht ${removed}`,
    quoted: (text) => `„${text}“`,
    searched: { one: '# anderer Beitrag durchsucht.', other: '# andere Beiträge durchsucht.' },
    olderNotSearched: 'Ältere Beiträge wurden nicht durchsucht.',
    notSearched: 'Die anderen Beiträge konnten nicht durchsucht werden.',
    tryAgain: 'Noch einmal versuchen',
    lookedFor: 'Entfernt:',
    restates: 'Zusammengefasst aus dem korrigierten Beitrag',
    show: 'Zeigen',
    hide: 'Verbergen',
    close: 'Schließen',
    correctToo: 'Auch korrigieren',
    fine: 'Stimmt so',
    notYours: (names) => `Von ${names}. Nur dort oder in der Redaktionsleitung kann der Beitrag geändert werden.`,
    notOpened: 'Der Beitrag konnte nicht geladen werden. Versuchen Sie es noch einmal.',
    untitled: (at) => `Beitrag von ${at}`,
    buttonOf: (button, title) => `${button}: ${title}`,
    goTo: 'Zu den Beiträgen, in denen es vielleicht auch steht',
  },
  fr: {
    others: 'Autres messages qui le disent peut-être aussi',
    searching: 'Recherche dans les autres messages.',
    found: { one: '# autre message le dit peut-être aussi', other: '# autres messages le disent peut-être aussi' },
    none: (removed) => `Aucun autre message ne dit ${removed}`,
    quoted: (text) => `« ${text} »`,
    searched: { one: '# autre message consulté.', other: '# autres messages consultés.' },
    olderNotSearched: 'Les messages plus anciens n’ont pas été consultés.',
    notSearched: 'La recherche dans les autres messages a échoué.',
    tryAgain: 'Réessayer',
    lookedFor: 'Supprimé :',
    restates: 'D’après le message corrigé',
    show: 'Afficher',
    hide: 'Masquer',
    close: 'Fermer',
    correctToo: 'Corriger aussi',
    fine: 'C’est bon',
    notYours: (names) => `De ${names}. Seuls l’auteur ou la rédaction en chef peuvent le modifier.`,
    notOpened: 'Le message n’a pas pu être chargé. Réessayez.',
    untitled: (at) => `Message du ${at}`,
    buttonOf: (button, title) => `${button} : ${title}`,
    goTo: 'Aller aux messages qui le disent peut-être aussi',
  },
  es: {
    others: 'Otros mensajes que quizá también lo dicen',
    searching: 'Buscando en los demás mensajes.',
    found: { one: '# mensaje más quizá también lo dice', other: '# mensajes más quizá también lo dicen' },
    none: (removed) => `Ningún otro mensaje dice ${removed}`,
    quoted: (text) => `«${text}»`,
    searched: { one: 'Se ha buscado en # mensaje más.', other: 'Se ha buscado en # mensajes más.' },
    olderNotSearched: 'No se ha buscado en los más antiguos.',
    notSearched: 'No se ha podido buscar en los demás mensajes.',
    tryAgain: 'Reintentar',
    lookedFor: 'Eliminado:',
    restates: 'A partir del mensaje corregido',
    show: 'Mostrar',
    hide: 'Ocultar',
    close: 'Cerrar',
    correctToo: 'Corregir también',
    fine: 'Está bien',
    notYours: (names) => `De ${names}. Solo esa persona o un editor puede cambiarlo.`,
    notOpened: 'No se ha podido cargar el mensaje. Inténtelo de nuevo.',
    untitled: (at) => `Mensaje de ${at}`,
    buttonOf: (button, title) => `${button}: ${title}`,
    goTo: 'Ir a los mensajes que quizá también lo dicen',
  },
  ar: {
    others: 'منشورات أخرى ربما تقول ذلك أيضًا',
    searching: 'جارٍ البحث في المنشورات الأخرى.',
    found: {
      zero: 'لا منشور آخر يقول ذلك',
      one: 'منشور آخر ربما يقول ذلك أيضًا',
      two: 'منشوران آخران ربما يقولان ذلك أيضًا',
      few: '# منشورات أخرى ربما تقول ذلك أيضًا',
      many: '# منشورًا آخر ربما يقول ذلك أيضًا',
      other: '# منشور آخر ربما يقول ذلك أيضًا',
    },
    none: (removed) => `لا منشور آخر يقول ${removed}`,
    quoted: (text) => `«${text}»`,
    searched: {
      zero: 'لا توجد منشورات أخرى للبحث فيها.',
      one: 'جرى البحث في منشور آخر واحد.',
      two: 'جرى البحث في منشورين آخرين.',
      few: 'جرى البحث في # منشورات أخرى.',
      many: 'جرى البحث في # منشورًا آخر.',
      other: 'جرى البحث في # منشور آخر.',
    },
    olderNotSearched: 'لم يجرِ البحث في المنشورات الأقدم.',
    notSearched: 'تعذر البحث في المنشورات الأخرى.',
    tryAgain: 'حاول مرة أخرى',
    lookedFor: 'أُزيل:',
    restates: 'استنادًا إلى المنشور المصحَّح',
    show: 'إظهار',
    hide: 'إخفاء',
    close: 'إغلاق',
    correctToo: 'تصحيح هذا أيضًا',
    fine: 'لا بأس به',
    notYours: (names) => `بقلم ${names}. لا يغيّره إلا كاتبه أو أحد المحررين.`,
    notOpened: 'تعذر تحميل المنشور. حاول مرة أخرى.',
    untitled: (at) => `منشور ${at}`,
    buttonOf: (button, title) => `${button}: ${title}`,
    goTo: 'الانتقال إلى المنشورات التي ربما تقول ذلك أيضًا',
  },
};
