import type { Language } from './languages.ts';

/**
 * The words about a channel's corrections: on their page, in their feed, and in an element that shows them. Kept apart, because the
 * scripts of pages do not need them.
 */
export interface CorrectionWords {
  corrections: string;
  /** The sentence below the heading. */
  about: string;
  none: string;
  /** The subject of a correction of the channel itself. */
  coverageItself: string;
  noteErased: string;
  laterWithdrawn: string;
  /** Replaces the comparison, which is on the page of earlier versions. */
  tooLong: string;
  olderCorrections: string;
  newestCorrections: string;
  asFeed: string;
}

/** The words in this language of the interface. */
export function correctionWordsIn(language: Language): CorrectionWords {
  return byLanguage[language];
}

const byLanguage: Readonly<Record<Language, CorrectionWords>> = {
  en: {
    corrections: 'Corrections',
    about: 'Everything that was corrected, clarified or withdrawn in this coverage, the latest first.',
    none: 'Nothing has been corrected or withdrawn so far.',
    coverageItself: 'The headline, introduction or picture of the coverage',
    noteErased: 'The note was erased.',
    laterWithdrawn: 'The post was later withdrawn.',
    tooLong: 'The text is too long to compare it here.',
    olderCorrections: 'Older corrections',
    newestCorrections: 'Latest corrections',
    asFeed: 'Corrections as a feed',
  },
  de: {
    corrections: 'Korrekturen',
    about: 'Alles, was in dieser Berichterstattung korrigiert, klargestellt oder zurückgezogen wurde, das Neueste zuerst.',
    none: 'Bisher wurde nichts korrigiert oder zurückgezogen.',
    coverageItself: 'Überschrift, Vorspann oder Bild der Berichterstattung',
    noteErased: 'Der Hinweis wurde gelöscht.',
    laterWithdrawn: 'Der Beitrag wurde später zurückgezogen.',
    tooLong: 'Der Text ist zu lang, um ihn hier zu vergleichen.',
    olderCorrections: 'Ältere Korrekturen',
    newestCorrections: 'Neueste Korrekturen',
    asFeed: 'Korrekturen als Feed',
  },
  fr: {
    corrections: 'Corrections',
    about: 'Tout ce qui a été corrigé, précisé ou retiré dans ce direct, du plus récent au plus ancien.',
    none: 'Rien n’a été corrigé ni retiré jusqu’ici.',
    coverageItself: 'Le titre, le chapeau ou la photo du direct',
    noteErased: 'La note a été effacée.',
    laterWithdrawn: 'Le message a été retiré par la suite.',
    tooLong: 'Le texte est trop long pour être comparé ici.',
    olderCorrections: 'Corrections précédentes',
    newestCorrections: 'Dernières corrections',
    asFeed: 'Les corrections en flux',
  },
  es: {
    corrections: 'Correcciones',
    about: 'Todo lo que se ha corregido, aclarado o retirado en esta cobertura, lo más reciente primero.',
    none: 'Hasta ahora no se ha corregido ni retirado nada.',
    coverageItself: 'El titular, la entradilla o la foto de la cobertura',
    noteErased: 'La nota fue borrada.',
    laterWithdrawn: 'El mensaje fue retirado más tarde.',
    tooLong: 'El texto es demasiado largo para compararlo aquí.',
    olderCorrections: 'Correcciones anteriores',
    newestCorrections: 'Últimas correcciones',
    asFeed: 'Las correcciones como canal Atom',
  },
  ar: {
    corrections: 'التصحيحات',
    about: 'كل ما صُحّح أو وُضّح أو سُحب في هذه التغطية، الأحدث أولًا.',
    none: 'لم يُصحَّح شيء ولم يُسحب حتى الآن.',
    coverageItself: 'عنوان التغطية أو مقدمتها أو صورتها',
    noteErased: 'مُحيت الملاحظة.',
    laterWithdrawn: 'سُحب المنشور لاحقًا.',
    tooLong: 'النص أطول من أن يُقارَن هنا.',
    olderCorrections: 'تصحيحات أقدم',
    newestCorrections: 'أحدث التصحيحات',
    asFeed: 'التصحيحات كخلاصة Atom',
  },
};
