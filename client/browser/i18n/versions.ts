import type { Media } from '../../../src/protocol/model.ts';
import type { Language } from './languages.ts';

/**
 * The words of the page of a post's earlier versions. Kept apart, because only the server renders it and no script loads them.
 */
export interface VersionWords {
  legend: string;
  published: string;
  refile: string;
  version: (nth: string) => string;
  erased: string;
  erasedMany: string;
  erasedBefore: string;
  /** Only details besides the text changed; they are listed below. */
  besideWords: string;
  /** Nothing that readers see changed. */
  noWord: string;
  /** Details of a post besides its text. */
  beside: Record<Media['type'] | 'source' | 'author', string>;
  tooMuch: string;
  before: string;
  after: string;
  /** Before and after added or removed text, for screen readers. */
  added: string;
  removed: string;
  end: string;
  olderChanges: string;
  newestChanges: string;
  toPost: string;
}

/** The words in this language of the interface. */
export function versionWordsIn(language: Language): VersionWords {
  return byLanguage[language];
}

const byLanguage: Readonly<Record<Language, VersionWords>> = {
  en: {
    legend: 'What was added is underlined, what was removed is struck out.',
    published: 'Published',
    refile: 'Typing slip mended',
    version: (nth) => `Version ${nth}`,
    erased: 'This version was erased.',
    erasedMany: 'These versions were erased.',
    erasedBefore: 'The version before this one was erased. This one said:',
    besideWords: 'No words were changed here, only what stands beside them.',
    noWord: 'Nothing was changed here that readers are shown.',
    beside: { image: 'Picture', video: 'Film', link: 'Link', source: 'Source', author: 'Author' },
    tooMuch: 'Too much was changed to show it word by word.',
    before: 'Before',
    after: 'After',
    added: 'added:',
    removed: 'removed:',
    end: '(end)',
    olderChanges: 'Older changes',
    newestChanges: 'Latest changes',
    toPost: 'To the post',
  },
  de: {
    legend: 'Hinzugefügtes ist unterstrichen, Entferntes durchgestrichen.',
    published: 'Veröffentlicht',
    refile: 'Tippfehler behoben',
    version: (nth) => `Fassung ${nth}`,
    erased: 'Diese Fassung wurde gelöscht.',
    erasedMany: 'Diese Fassungen wurden gelöscht.',
    erasedBefore: 'Die Fassung vor dieser wurde gelöscht. Diese lautete:',
    besideWords: 'Hier wurde kein Wort geändert, nur was daneben steht.',
    noWord: 'Hier wurde nichts geändert, was Leser zu sehen bekommen.',
    beside: { image: 'Bild', video: 'Film', link: 'Link', source: 'Quelle', author: 'Von' },
    tooMuch: 'Es wurde zu viel geändert, um es Wort für Wort zu zeigen.',
    before: 'Vorher',
    after: 'Nachher',
    added: 'hinzugefügt:',
    removed: 'entfernt:',
    end: '(Ende)',
    olderChanges: 'Ältere Änderungen',
    newestChanges: 'Neueste Änderungen',
    toPost: 'Zum Beitrag',
  },
  fr: {
    legend: 'Les ajouts sont soulignés, les suppressions sont barrées.',
    published: 'Publié',
    refile: 'Coquille corrigée',
    version: (nth) => `Version ${nth}`,
    erased: 'Cette version a été effacée.',
    erasedMany: 'Ces versions ont été effacées.',
    erasedBefore: 'La version précédente a été effacée. Celle-ci disait\u00a0:',
    besideWords: 'Aucun mot n’a été changé ici, seulement ce qui accompagne le texte.',
    noWord: 'Rien de ce que voient les lecteurs n’a été changé ici.',
    beside: { image: 'Image', video: 'Vidéo', link: 'Lien', source: 'Source', author: 'Auteur' },
    tooMuch: 'Les changements sont trop nombreux pour être montrés mot à mot.',
    before: 'Avant',
    after: 'Après',
    added: 'ajouté\u00a0:',
    removed: 'supprimé\u00a0:',
    end: '(fin)',
    olderChanges: 'Changements précédents',
    newestChanges: 'Derniers changements',
    toPost: 'Voir le message',
  },
  es: {
    legend: 'Lo añadido está subrayado; lo eliminado, tachado.',
    published: 'Publicado',
    refile: 'Errata corregida',
    version: (nth) => `Versión ${nth}`,
    erased: 'Esta versión fue borrada.',
    erasedMany: 'Estas versiones fueron borradas.',
    erasedBefore: 'La versión anterior fue borrada. Esta decía:',
    besideWords: 'Aquí no cambió ninguna palabra, solo lo que acompaña al texto.',
    noWord: 'Aquí no cambió nada de lo que ven los lectores.',
    beside: { image: 'Imagen', video: 'Vídeo', link: 'Enlace', source: 'Fuente', author: 'Autor' },
    tooMuch: 'Los cambios son demasiados para mostrarlos palabra por palabra.',
    before: 'Antes',
    after: 'Después',
    added: 'añadido:',
    removed: 'eliminado:',
    end: '(fin)',
    olderChanges: 'Cambios anteriores',
    newestChanges: 'Últimos cambios',
    toPost: 'Ver el mensaje',
  },
  ar: {
    legend: 'ما أُضيف تحته خط، وما حُذف مشطوب.',
    published: 'نُشر',
    refile: 'تصحيح خطأ مطبعي',
    version: (nth) => `النسخة ${nth}`,
    erased: 'مُحيت هذه النسخة.',
    erasedMany: 'مُحيت هذه النسخ.',
    erasedBefore: 'مُحيت النسخة السابقة. وكان نص هذه النسخة:',
    besideWords: 'لم تتغير هنا أي كلمة، بل ما يرافقها فقط.',
    noWord: 'لم يتغير هنا شيء مما يراه القرّاء.',
    beside: { image: 'صورة', video: 'فيديو', link: 'رابط', source: 'المصدر', author: 'الكاتب' },
    tooMuch: 'التغييرات أكثر من أن تُعرض كلمة بكلمة.',
    before: 'قبل',
    after: 'بعد',
    added: 'أُضيف:',
    removed: 'حُذف:',
    end: '(انتهى)',
    olderChanges: 'تغييرات أقدم',
    newestChanges: 'أحدث التغييرات',
    toPost: 'إلى المنشور',
  },
};
