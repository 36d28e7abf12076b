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
  offline: string;
  noCoverage: string;
  notLoaded: string;
  /** Behind the name of a link. */
  inNewTab: string;
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
    offline:
      'The posts cannot be loaded without a connection. You can write: what you publish is kept on this device and goes out once the connection is back.',
    noCoverage: 'The server has no such coverage, or you may not read it.',
    notLoaded: 'The posts could not be loaded. Try again.',
    inNewTab: 'in a new tab',
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
    offline:
      'Ohne Verbindung können die Beiträge nicht geladen werden. Schreiben können Sie: Was Sie veröffentlichen, bleibt auf diesem Gerät und geht hinaus, sobald die Verbindung wieder da ist.',
    noCoverage: 'Der Server hat keine solche Berichterstattung, oder Sie dürfen sie nicht lesen.',
    notLoaded: 'Die Beiträge konnten nicht geladen werden. Versuchen Sie es noch einmal.',
    inNewTab: 'in einem neuen Tab',
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
    offline:
      'Les messages ne peuvent pas être chargés sans connexion. Vous pouvez écrire : ce que vous publiez reste sur cet appareil et part dès le retour de la connexion.',
    noCoverage: 'Le serveur n’a pas de tel direct, ou vous n’avez pas le droit de le lire.',
    notLoaded: 'Les messages n’ont pas pu être chargés. Réessayez.',
    inNewTab: 'dans un nouvel onglet',
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
    offline:
      'Los mensajes no se pueden cargar sin conexión. Puede escribir: lo que publique queda en este dispositivo y sale en cuanto vuelva la conexión.',
    noCoverage: 'El servidor no tiene esta cobertura, o usted no puede leerla.',
    notLoaded: 'No se han podido cargar los mensajes. Inténtelo de nuevo.',
    inNewTab: 'en una pestaña nueva',
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
    offline: 'لا يمكن تحميل المنشورات بلا اتصال. يمكنك الكتابة: ما تنشره يبقى على هذا الجهاز ويخرج عند عودة الاتصال.',
    noCoverage: 'لا توجد هذه التغطية على الخادم، أو لا يحق لك الاطلاع عليها.',
    notLoaded: 'تعذر تحميل المنشورات. حاول مرة أخرى.',
    inNewTab: 'في علامة تبويب جديدة',
  },
};
