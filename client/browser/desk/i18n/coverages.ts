import type { Access, ChannelState } from '../../../../src/protocol/model.ts';
import type { Language } from '../../i18n/languages.ts';
import type { Plural } from '../../i18n/words.ts';

/** The words of the list of coverage, of the head of a coverage and of its end. */
export interface CoverageWords {
  // The list
  coverages: string;
  newCoverage: string;
  none: string;
  nothingFound: string;
  notLoaded: string;
  search: string;
  /** Describes the key for the search. */
  searchKey: string;
  sections: Record<ChannelState, string>;
  more: Record<ChannelState, string>;
  accesses: Record<Access, string>;
  lastPost: (at: string) => string;
  noPost: string;
  begins: (at: string) => string;
  notDated: string;
  endedAt: (at: string) => string;

  // The head of a coverage
  change: string;
  changeCoverage: string;
  goLive: string;
  end: string;
  reopen: string;
  asReaders: string;

  // The end
  endTitle: string;
  endIntro: string;
  looking: string;
  allDone: string;
  unverified: Plural;
  developing: Plural;
  summaryOld: Plural;
  noSummary: string;
  unsent: Plural;
  /** What is being written, or was put aside. */
  drafts: Plural;
  searched: Plural;
  notSearched: string;
  withoutHeadline: string;
  endNow: string;
  endAnyway: string;
}

export function coverageWordsIn(language: Language): CoverageWords {
  return byLanguage[language];
}

const byLanguage: Readonly<Record<Language, CoverageWords>> = {
  en: {
    coverages: 'Coverage',
    newCoverage: 'New coverage',
    none: 'There is no coverage yet that you may write in.',
    nothingFound: 'Nothing is found.',
    notLoaded: 'The list could not be loaded. It is tried again.',
    search: 'Search by headline',
    searchKey: 'Search the coverage',
    sections: { live: 'Live', scheduled: 'Coming up', ended: 'Ended' },
    more: { live: 'More live coverage', scheduled: 'More coming up', ended: 'Earlier coverage' },
    accesses: { public: 'For everyone', members: 'For members', desk: 'Only for the desk' },
    lastPost: (at) => `Last post ${at}`,
    noPost: 'No post yet',
    begins: (at) => `Begins ${at}`,
    notDated: 'No date yet',
    endedAt: (at) => `Ended ${at}`,
    change: 'Change',
    changeCoverage: 'Change the coverage',
    goLive: 'Go live',
    end: 'End',
    reopen: 'Open again',
    asReaders: 'As readers see it',
    endTitle: 'End this coverage?',
    endIntro: 'Readers then see that it has ended. It can be opened again.',
    looking: 'Looking through the posts …',
    allDone: 'Nothing is left open.',
    unverified: { one: '# post is still unverified', other: '# posts are still unverified' },
    developing: { one: '# post still says that more follows', other: '# posts still say that more follows' },
    summaryOld: { one: 'The newest summary is older than # post', other: 'The newest summary is older than # posts' },
    noSummary: 'There is no summary',
    unsent: { one: '# post is not out yet', other: '# posts are not out yet' },
    drafts: { one: '# draft of yours is on this device', other: '# drafts of yours are on this device' },
    searched: { one: 'The newest # post was looked at.', other: 'The newest # posts were looked at.' },
    notSearched: 'The posts could not be looked at. Check them yourself before you end it.',
    withoutHeadline: 'Post without a headline',
    endNow: 'End it',
    endAnyway: 'End it anyway',
  },
  de: {
    coverages: 'Berichterstattung',
    newCoverage: 'Neue Berichterstattung',
    none: 'Es gibt noch keine Berichterstattung, in der Sie schreiben dürfen.',
    nothingFound: 'Nichts gefunden.',
    notLoaded: 'Die Liste konnte nicht geladen werden. Es wird wieder versucht.',
    search: 'Nach Überschrift suchen',
    searchKey: 'Berichterstattung suchen',
    sections: { live: 'Live', scheduled: 'Demnächst', ended: 'Beendet' },
    more: { live: 'Weitere laufende', scheduled: 'Weitere Ankündigungen', ended: 'Frühere' },
    accesses: { public: 'Für alle', members: 'Für Mitglieder', desk: 'Nur für die Redaktion' },
    lastPost: (at) => `Letzter Beitrag ${at}`,
    noPost: 'Noch kein Beitrag',
    begins: (at) => `Beginnt ${at}`,
    notDated: 'Noch ohne Termin',
    endedAt: (at) => `Beendet ${at}`,
    change: 'Ändern',
    changeCoverage: 'Berichterstattung ändern',
    goLive: 'Live schalten',
    end: 'Beenden',
    reopen: 'Wieder öffnen',
    asReaders: 'Wie Leser sie sehen',
    endTitle: 'Diese Berichterstattung beenden?',
    endIntro: 'Leser sehen dann, dass sie beendet ist. Sie kann wieder geöffnet werden.',
    looking: 'Die Beiträge werden durchgesehen …',
    allDone: 'Nichts ist offen geblieben.',
    unverified: { one: '# Beitrag ist noch unbestätigt', other: '# Beiträge sind noch unbestätigt' },
    developing: { one: '# Beitrag sagt noch, dass mehr folgt', other: '# Beiträge sagen noch, dass mehr folgt' },
    summaryOld: {
      one: 'Die neueste Zusammenfassung ist älter als # Beitrag',
      other: 'Die neueste Zusammenfassung ist älter als # Beiträge',
    },
    noSummary: 'Es gibt keine Zusammenfassung',
    unsent: { one: '# Beitrag ist noch nicht draußen', other: '# Beiträge sind noch nicht draußen' },
    drafts: { one: '# Entwurf von Ihnen ist auf diesem Gerät', other: '# Entwürfe von Ihnen sind auf diesem Gerät' },
    searched: { one: 'Der neueste # Beitrag wurde durchgesehen.', other: 'Die neuesten # Beiträge wurden durchgesehen.' },
    notSearched: 'Die Beiträge konnten nicht durchgesehen werden. Prüfen Sie sie selbst, bevor Sie beenden.',
    withoutHeadline: 'Beitrag ohne Überschrift',
    endNow: 'Beenden',
    endAnyway: 'Trotzdem beenden',
  },
  fr: {
    coverages: 'Directs',
    newCoverage: 'Nouveau direct',
    none: 'Il n’y a pas encore de direct où vous pouvez écrire.',
    nothingFound: 'Rien n’a été trouvé.',
    notLoaded: 'La liste n’a pas pu être chargée. Un nouvel essai est en cours.',
    search: 'Chercher par titre',
    searchKey: 'Chercher un direct',
    sections: { live: 'En direct', scheduled: 'À venir', ended: 'Terminés' },
    more: { live: 'Autres directs en cours', scheduled: 'Autres directs à venir', ended: 'Directs précédents' },
    accesses: { public: 'Pour tous', members: 'Pour les abonnés', desk: 'Réservé à la rédaction' },
    lastPost: (at) => `Dernier message ${at}`,
    noPost: 'Pas encore de message',
    begins: (at) => `Début ${at}`,
    notDated: 'Pas encore de date',
    endedAt: (at) => `Terminé ${at}`,
    change: 'Modifier',
    changeCoverage: 'Modifier le direct',
    goLive: 'Passer en direct',
    end: 'Terminer',
    reopen: 'Rouvrir',
    asReaders: 'Vu par les lecteurs',
    endTitle: 'Terminer ce direct ?',
    endIntro: 'Les lecteurs voient alors qu’il est terminé. Il peut être rouvert.',
    looking: 'Examen des messages…',
    allDone: 'Rien ne reste en suspens.',
    unverified: { one: '# message n’est toujours pas vérifié', other: '# messages ne sont toujours pas vérifiés' },
    developing: { one: '# message annonce encore une suite', other: '# messages annoncent encore une suite' },
    summaryOld: {
      one: 'Le dernier résumé est plus ancien que # message',
      other: 'Le dernier résumé est plus ancien que # messages',
    },
    noSummary: 'Il n’y a pas de résumé',
    unsent: { one: '# message n’est pas encore publié', other: '# messages ne sont pas encore publiés' },
    drafts: { one: '# brouillon de vous est sur cet appareil', other: '# brouillons de vous sont sur cet appareil' },
    searched: { one: 'Le message le plus récent a été examiné.', other: 'Les # messages les plus récents ont été examinés.' },
    notSearched: 'Les messages n’ont pas pu être examinés. Vérifiez-les vous-même avant de terminer.',
    withoutHeadline: 'Message sans titre',
    endNow: 'Terminer',
    endAnyway: 'Terminer quand même',
  },
  es: {
    coverages: 'Coberturas',
    newCoverage: 'Nueva cobertura',
    none: 'Aún no hay ninguna cobertura en la que pueda escribir.',
    nothingFound: 'No se ha encontrado nada.',
    notLoaded: 'No se pudo cargar la lista. Se intentará de nuevo.',
    search: 'Buscar por titular',
    searchKey: 'Buscar una cobertura',
    sections: { live: 'En directo', scheduled: 'Próximamente', ended: 'Terminadas' },
    more: { live: 'Más coberturas en directo', scheduled: 'Más coberturas próximas', ended: 'Coberturas anteriores' },
    accesses: { public: 'Para todos', members: 'Para suscriptores', desk: 'Solo para la redacción' },
    lastPost: (at) => `Última entrada ${at}`,
    noPost: 'Aún sin entradas',
    begins: (at) => `Empieza ${at}`,
    notDated: 'Aún sin fecha',
    endedAt: (at) => `Terminó ${at}`,
    change: 'Modificar',
    changeCoverage: 'Modificar la cobertura',
    goLive: 'Empezar el directo',
    end: 'Terminar',
    reopen: 'Volver a abrir',
    asReaders: 'Como la ven los lectores',
    endTitle: '¿Terminar esta cobertura?',
    endIntro: 'Los lectores verán que ha terminado. Se puede volver a abrir.',
    looking: 'Revisando las entradas…',
    allDone: 'No queda nada pendiente.',
    unverified: { one: '# entrada sigue sin verificar', other: '# entradas siguen sin verificar' },
    developing: { one: '# entrada aún dice que habrá más', other: '# entradas aún dicen que habrá más' },
    summaryOld: { one: 'El último resumen es anterior a # entrada', other: 'El último resumen es anterior a # entradas' },
    noSummary: 'No hay ningún resumen',
    unsent: { one: '# entrada aún no está publicada', other: '# entradas aún no están publicadas' },
    drafts: { one: '# borrador suyo está en este dispositivo', other: '# borradores suyos están en este dispositivo' },
    searched: { one: 'Se revisó la entrada más reciente.', other: 'Se revisaron las # entradas más recientes.' },
    notSearched: 'No se pudieron revisar las entradas. Revíselas usted antes de terminar.',
    withoutHeadline: 'Entrada sin titular',
    endNow: 'Terminar',
    endAnyway: 'Terminar de todos modos',
  },
  ar: {
    coverages: 'التغطيات',
    newCoverage: 'تغطية جديدة',
    none: 'لا توجد بعد تغطية يحق لك الكتابة فيها.',
    nothingFound: 'لم يعثر على شيء.',
    notLoaded: 'تعذر تحميل القائمة. ستعاد المحاولة.',
    search: 'البحث بالعنوان',
    searchKey: 'البحث في التغطيات',
    sections: { live: 'مباشر', scheduled: 'قريبا', ended: 'انتهت' },
    more: { live: 'تغطيات مباشرة أخرى', scheduled: 'تغطيات قريبة أخرى', ended: 'تغطيات سابقة' },
    accesses: { public: 'للجميع', members: 'للمشتركين', desk: 'لغرفة التحرير فقط' },
    lastPost: (at) => `آخر منشور ${at}`,
    noPost: 'لا منشور بعد',
    begins: (at) => `تبدأ ${at}`,
    notDated: 'بلا موعد بعد',
    endedAt: (at) => `انتهت ${at}`,
    change: 'تعديل',
    changeCoverage: 'تعديل التغطية',
    goLive: 'بدء البث المباشر',
    end: 'إنهاء',
    reopen: 'إعادة الفتح',
    asReaders: 'كما يراها القراء',
    endTitle: 'هل تنهي هذه التغطية؟',
    endIntro: 'سيرى القراء أنها انتهت. يمكن فتحها من جديد.',
    looking: 'جار فحص المنشورات…',
    allDone: 'لم يبق شيء معلق.',
    unverified: { one: 'منشور واحد لم يتحقق منه بعد', other: 'منشورات لم يتحقق منها بعد: #' },
    developing: { one: 'منشور واحد ما زال يعد بالمزيد', other: 'منشورات ما زالت تعد بالمزيد: #' },
    summaryOld: { one: 'أحدث ملخص أقدم من منشور واحد', other: 'أحدث ملخص أقدم من منشورات عددها #' },
    noSummary: 'لا يوجد ملخص',
    unsent: { one: 'منشور واحد لم ينشر بعد', other: 'منشورات لم تنشر بعد: #' },
    drafts: { one: 'مسودة واحدة لك على هذا الجهاز', other: 'مسودات لك على هذا الجهاز: #' },
    searched: { one: 'فحص أحدث منشور.', other: 'عدد أحدث المنشورات التي فحصت: #' },
    notSearched: 'تعذر فحص المنشورات. راجعها بنفسك قبل الإنهاء.',
    withoutHeadline: 'منشور بلا عنوان',
    endNow: 'إنهاء',
    endAnyway: 'إنهاء رغم ذلك',
  },
};
