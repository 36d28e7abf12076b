import type { Language } from '../../i18n/languages.ts';

/** The words of the timeline of a coverage on the desk. */
export interface TimelineWords {
  timeline: string;
  edit: string;
  pin: string;
  unpin: string;
  retract: string;
  takedown: string;
  nextPost: string;
  previousPost: string;
  editPost: string;
  loading: string;
  notLoaded: string;
}

export function timelineWordsIn(language: Language): TimelineWords {
  return byLanguage[language];
}

const byLanguage: Readonly<Record<Language, TimelineWords>> = {
  en: {
    timeline: 'Posts of this coverage',
    edit: 'Edit or correct',
    pin: 'Pin',
    unpin: 'Unpin',
    retract: 'Retract',
    takedown: 'Take down',
    nextPost: 'Next post',
    previousPost: 'Previous post',
    editPost: 'Edit or correct the post that has the focus',
    loading: 'Loading the posts.',
    notLoaded: 'The posts could not be loaded. Try again.',
  },
  de: {
    timeline: 'Beiträge dieser Berichterstattung',
    edit: 'Bearbeiten oder korrigieren',
    pin: 'Anheften',
    unpin: 'Lösen',
    retract: 'Zurückziehen',
    takedown: 'Löschen',
    nextPost: 'Nächster Beitrag',
    previousPost: 'Voriger Beitrag',
    editPost: 'Den Beitrag mit dem Fokus bearbeiten oder korrigieren',
    loading: 'Die Beiträge werden geladen.',
    notLoaded: 'Die Beiträge konnten nicht geladen werden. Versuchen Sie es noch einmal.',
  },
  fr: {
    timeline: 'Messages de ce direct',
    edit: 'Modifier ou corriger',
    pin: 'Épingler',
    unpin: 'Désépingler',
    retract: 'Retirer',
    takedown: 'Effacer',
    nextPost: 'Message suivant',
    previousPost: 'Message précédent',
    editPost: 'Modifier ou corriger le message sélectionné',
    loading: 'Chargement des messages.',
    notLoaded: 'Les messages n’ont pas pu être chargés. Réessayez.',
  },
  es: {
    timeline: 'Mensajes de esta cobertura',
    edit: 'Editar o corregir',
    pin: 'Fijar',
    unpin: 'Dejar de fijar',
    retract: 'Retirar',
    takedown: 'Borrar',
    nextPost: 'Mensaje siguiente',
    previousPost: 'Mensaje anterior',
    editPost: 'Editar o corregir el mensaje seleccionado',
    loading: 'Cargando los mensajes.',
    notLoaded: 'No se han podido cargar los mensajes. Inténtelo de nuevo.',
  },
  ar: {
    timeline: 'منشورات هذه التغطية',
    edit: 'تحرير أو تصحيح',
    pin: 'تثبيت',
    unpin: 'إلغاء التثبيت',
    retract: 'سحب',
    takedown: 'محو',
    nextPost: 'المنشور التالي',
    previousPost: 'المنشور السابق',
    editPost: 'تحرير المنشور المحدد أو تصحيحه',
    loading: 'جارٍ تحميل المنشورات.',
    notLoaded: 'تعذر تحميل المنشورات. حاول مرة أخرى.',
  },
};
