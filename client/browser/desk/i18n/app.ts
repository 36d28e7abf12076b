import type { Language } from '../../i18n/languages.ts';
import type { Plural } from '../../i18n/words.ts';
import type { Delivery } from '../outbox/outbox-model.ts';

/** The words of the shell of the desk: its bar, its list, and signing in and out. */
export interface AppWords {
  /** Names the list of tabs. */
  openCoverages: string;
  newPosts: Plural;
  close: (coverage: string) => string;
  signIn: string;
  signOut: string;
  signedOut: string;
  signInHow: string;
  unreachable: string;
  partMissing: string;
  reload: string;
  /** A tab with an older version keeps this one from opening. */
  otherTabs: string;
  /** This tab has an older version than another one, and cannot store anything. */
  waitsForTabs: string;
  /** The title of the desk. */
  desk: string;

  // The state of connection and outbox
  connected: string;
  reconnecting: string;
  offline: string;
  needsYou: Plural;
  unsent: Plural;
  sending: Plural;
  held: Plural;
  /** Why nothing is sent, after the number of what is not sent. */
  delivery: Record<Exclude<Delivery, 'ready'>, string>;

  // Signing out
  notOutYet: Plural;
  unsentStays: string;
  signOutAnyway: string;
  stay: string;
  notSignedOut: string;
  notSignedOutWhy: string;

  // The keys
  keys: string;
  /** Describes the key that opens the list of keys. */
  keysKey: string;
  done: string;
}

export function appWordsIn(language: Language): AppWords {
  return byLanguage[language];
}

const byLanguage: Readonly<Record<Language, AppWords>> = {
  en: {
    partMissing: 'A part of the desk could not be loaded. What you write is kept.',
    reload: 'Reload',
    openCoverages: 'Open coverage',
    newPosts: { one: '# new post', other: '# new posts' },
    close: (coverage) => `Close ${coverage}`,
    signIn: 'Sign in',
    signOut: 'Sign out',
    signedOut: 'You are not signed in',
    signInHow: 'Open the link that your newsroom gave you, or sign in with a token.',
    unreachable: 'The server cannot be reached, and nobody was signed in on this device. The desk tries again by itself.',
    otherTabs: 'Another tab has an older version of the desk. Close the other tabs of the desk, and this one opens.',
    waitsForTabs:
      'A newer version of the desk waits in another tab. Until it is open, nothing that you write here is stored. Close the other tabs of the desk.',
    desk: 'Desk',
    connected: 'Up to date',
    reconnecting: 'Connecting…',
    offline: 'Offline',
    needsYou: { one: '# post needs you', other: '# posts need you' },
    unsent: { one: '# not out yet', other: '# not out yet' },
    sending: { one: 'Sending #', other: 'Sending #' },
    held: { one: '# goes out soon', other: '# go out soon' },
    notOutYet: { one: '# post is not out yet', other: '# posts are not out yet' },
    unsentStays: 'What you wrote stays on this device. It goes out when you sign in here again; nobody else can see or send it.',
    signOutAnyway: 'Sign out',
    stay: 'Stay signed in',
    notSignedOut: 'You are still signed in',
    notSignedOutWhy: 'The server could not be reached, so the session was not ended. Try again when you are connected.',
    keys: 'Keys',
    keysKey: 'Show the keys',
    done: 'Close',
    delivery: {
      offline: 'no network',
      unreachable: 'server not reachable',
      'signed-out': 'signed out',
      'other-author': 'someone else is signed in',
      'storage-failed': 'this device cannot store it',
      outdated: 'reload this page',
    },
  },
  de: {
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
      'Der Server ist nicht erreichbar, und auf diesem Gerät war niemand angemeldet. Die Seite versucht es von selbst wieder.',
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
    unsentStays:
      'Was Sie geschrieben haben, bleibt auf diesem Gerät. Es wird gesendet, wenn Sie sich hier wieder anmelden; niemand sonst kann es sehen oder senden.',
    signOutAnyway: 'Abmelden',
    stay: 'Angemeldet bleiben',
    notSignedOut: 'Sie sind noch angemeldet',
    notSignedOutWhy:
      'Der Server war nicht erreichbar, deshalb wurde die Sitzung nicht beendet. Versuchen Sie es wieder, wenn Sie verbunden sind.',
    keys: 'Tasten',
    keysKey: 'Tasten anzeigen',
    done: 'Schließen',
    delivery: {
      offline: 'kein Netz',
      unreachable: 'Server nicht erreichbar',
      'signed-out': 'abgemeldet',
      'other-author': 'jemand anderes ist angemeldet',
      'storage-failed': 'das Gerät kann es nicht speichern',
      outdated: 'laden Sie die Seite neu',
    },
  },
  fr: {
    partMissing: 'Une partie de cette page n’a pas pu être chargée. Ce que vous écrivez est conservé.',
    reload: 'Recharger',
    openCoverages: 'Directs ouverts',
    newPosts: { one: '# nouveau message', other: '# nouveaux messages' },
    close: (coverage) => `Fermer ${coverage}`,
    signIn: 'Se connecter',
    signOut: 'Se déconnecter',
    signedOut: 'Vous n’êtes pas connecté',
    signInHow: 'Ouvrez le lien que votre rédaction vous a donné, ou connectez-vous avec un jeton.',
    unreachable: 'Le serveur est injoignable, et personne n’était connecté sur cet appareil. La page réessaie d’elle-même.',
    otherTabs: 'Un autre onglet a une version plus ancienne de cette page. Fermez ses autres onglets, et celui-ci s’ouvrira.',
    waitsForTabs:
      'Une version plus récente de cette page attend dans un autre onglet. Tant qu’elle ne s’ouvre pas, rien de ce que vous écrivez ici n’est enregistré. Fermez les autres onglets de cette page.',
    desk: 'Rédaction',
    connected: 'À jour',
    reconnecting: 'Connexion…',
    offline: 'Hors ligne',
    needsYou: { one: '# message vous attend', other: '# messages vous attendent' },
    unsent: { one: '# pas encore publié', other: '# pas encore publiés' },
    sending: { one: 'Envoi de # message', other: 'Envoi de # messages' },
    held: { one: '# part dans un instant', other: '# partent dans un instant' },
    notOutYet: { one: '# message n’est pas encore publié', other: '# messages ne sont pas encore publiés' },
    unsentStays:
      'Ce que vous avez écrit reste sur cet appareil. L’envoi reprend quand vous vous reconnectez ici ; personne d’autre ne peut le voir ni l’envoyer.',
    signOutAnyway: 'Se déconnecter',
    stay: 'Rester connecté',
    notSignedOut: 'Vous êtes toujours connecté',
    notSignedOutWhy: 'Le serveur était injoignable, la session n’a donc pas été fermée. Réessayez une fois le réseau revenu.',
    keys: 'Touches',
    keysKey: 'Afficher les touches',
    done: 'Fermer',
    delivery: {
      offline: 'pas de réseau',
      unreachable: 'serveur injoignable',
      'signed-out': 'déconnecté',
      'other-author': 'quelqu’un d’autre est connecté',
      'storage-failed': 'cet appareil ne peut pas l’enregistrer',
      outdated: 'rechargez la page',
    },
  },
  es: {
    partMissing: 'No se ha podido cargar una parte de esta página. Lo que escribe se conserva.',
    reload: 'Recargar',
    openCoverages: 'Coberturas abiertas',
    newPosts: { one: '# entrada nueva', other: '# entradas nuevas' },
    close: (coverage) => `Cerrar ${coverage}`,
    signIn: 'Iniciar sesión',
    signOut: 'Cerrar sesión',
    signedOut: 'No ha iniciado sesión',
    signInHow: 'Abra el enlace que le dio su redacción o inicie sesión con una clave.',
    unreachable:
      'No se puede contactar con el servidor y nadie había iniciado sesión en este dispositivo. La página lo reintenta sola.',
    otherTabs: 'Otra pestaña tiene una versión anterior de esta página. Cierre sus otras pestañas y esta se abrirá.',
    waitsForTabs:
      'Una versión más reciente de esta página espera en otra pestaña. Hasta que se abra, no se guarda nada de lo que escriba aquí. Cierre las otras pestañas de esta página.',
    desk: 'Redacción',
    connected: 'Al día',
    reconnecting: 'Conectando…',
    offline: 'Sin conexión',
    needsYou: { one: '# entrada le espera', other: '# entradas le esperan' },
    unsent: { one: '# aún sin publicar', other: '# aún sin publicar' },
    sending: { one: 'Enviando #', other: 'Enviando #' },
    held: { one: '# sale en un momento', other: '# salen en un momento' },
    notOutYet: { one: '# entrada aún no está publicada', other: '# entradas aún no están publicadas' },
    unsentStays:
      'Lo que ha escrito queda en este dispositivo. Se enviará cuando vuelva a iniciar sesión aquí; nadie más puede verlo ni enviarlo.',
    signOutAnyway: 'Cerrar sesión',
    stay: 'Seguir conectado',
    notSignedOut: 'Su sesión sigue abierta',
    notSignedOutWhy: 'No se pudo contactar con el servidor, así que la sesión no se cerró. Inténtelo cuando tenga conexión.',
    keys: 'Teclas',
    keysKey: 'Mostrar las teclas',
    done: 'Cerrar',
    delivery: {
      offline: 'sin red',
      unreachable: 'servidor inaccesible',
      'signed-out': 'sesión cerrada',
      'other-author': 'otra persona ha iniciado sesión',
      'storage-failed': 'este dispositivo no puede guardarlo',
      outdated: 'recargue la página',
    },
  },
  ar: {
    partMissing: 'تعذر تحميل جزء من هذه الصفحة. ما تكتبه محفوظ.',
    reload: 'إعادة التحميل',
    openCoverages: 'التغطيات المفتوحة',
    newPosts: { one: 'منشور جديد', other: 'منشورات جديدة: #' },
    close: (coverage) => `إغلاق ${coverage}`,
    signIn: 'تسجيل الدخول',
    signOut: 'تسجيل الخروج',
    signedOut: 'لم تسجل الدخول',
    signInHow: 'افتح الرابط الذي أعطتك إياه غرفة التحرير، أو سجل الدخول برمز.',
    unreachable: 'يتعذر الوصول إلى الخادم، ولم يكن أحد مسجلا على هذا الجهاز. ستعيد الصفحة المحاولة من تلقاء نفسها.',
    otherTabs: 'في علامة تبويب أخرى إصدار أقدم من هذه الصفحة. أغلق علامات تبويبها الأخرى لتفتح هذه.',
    waitsForTabs:
      'ينتظر إصدار أحدث من هذه الصفحة في علامة تبويب أخرى. إلى أن يُفتح، لا يُحفظ أي شيء مما تكتبه هنا. أغلق علامات التبويب الأخرى لهذه الصفحة.',
    desk: 'غرفة التحرير',
    connected: 'محدث',
    reconnecting: 'جار الاتصال…',
    offline: 'غير متصل',
    needsYou: { one: 'منشور واحد يحتاج إليك', other: 'منشورات تحتاج إليك: #' },
    unsent: { one: 'لم ينشر بعد: #', other: 'لم ينشر بعد: #' },
    sending: { one: 'جار إرسال #', other: 'جار إرسال #' },
    held: { one: 'منشور يخرج بعد لحظة', other: 'تخرج بعد لحظة: #' },
    notOutYet: { one: 'منشور واحد لم ينشر بعد', other: 'منشورات لم تنشر بعد: #' },
    unsentStays: 'يبقى ما كتبته على هذا الجهاز. يرسل عندما تسجل الدخول هنا من جديد، ولا يستطيع أحد غيرك رؤيته أو إرساله.',
    signOutAnyway: 'تسجيل الخروج',
    stay: 'البقاء',
    notSignedOut: 'ما زلت مسجل الدخول',
    notSignedOutWhy: 'تعذر الوصول إلى الخادم، فلم تنته الجلسة. حاول مرة أخرى عند عودة الاتصال.',
    keys: 'المفاتيح',
    keysKey: 'عرض المفاتيح',
    done: 'إغلاق',
    delivery: {
      offline: 'لا توجد شبكة',
      unreachable: 'يتعذر الوصول إلى الخادم',
      'signed-out': 'انتهت الجلسة',
      'other-author': 'شخص آخر مسجل الدخول',
      'storage-failed': 'لا يستطيع هذا الجهاز حفظه',
      outdated: 'أعد تحميل الصفحة',
    },
  },
};
