import type { ChannelState } from '../../../src/protocol/model.ts';
import type { ProblemCode } from '../../../src/protocol/problems.ts';
import { type Language, languageOf } from './languages.ts';
import type { Plural } from './words.ts';

/** The words of pages without a channel: the list of channels, signing in, and error pages. */
export interface SiteWords {
  // The list of channels
  coverage: string;
  /** For search engines. */
  coverageDescribed: string;
  /** The headings of the sections. */
  sections: Record<ChannelState, string>;
  /** The links to further channels of a section. */
  more: Record<ChannelState, string>;
  /** The link to the API reference. */
  forDevelopers: string;
  /** `command`: creates a channel. */
  noCoverage: (command: string) => string;
  /** Shown if the session cannot be checked at the moment and the reader is treated as anonymous. */
  notRecognised: string;
  /** Shown if some channels cannot be listed at the moment. */
  someMissing: string;
  /** Announced to screen readers. */
  saidLive: (coverage: string) => string;
  saidEnded: (coverage: string) => string;

  // Signing in
  signIn: string;
  subscribe: string;
  /** Opens the form for a token, if the newsroom has its own sign-in. */
  withToken: string;
  accessToken: string;
  /** `hours`: "12". */
  tokenHint: (hours: string) => string;
  notSignedIn: string;
  /** Messages about a token, in place of the problem's own English words. */
  faults: Partial<Record<ProblemCode, string>>;
  signedInAs: (name: string) => string;
  goOn: string;
  asSomeoneElse: string;
  mayNotRead: (name: string) => string;

  // The desk
  /** The title of the page for authors. */
  desk: string;
  deskNeedsScript: string;

  // Around every page of a brand
  /** Names the links to the imprint and the like. */
  legal: string;

  // Error pages
  wentWrong: string;
  /** `token-invalid`: a session that cannot be checked at the moment, treated like an anonymous one. */
  problems: Record<PageProblem, ProblemWords> & Partial<Record<ProblemCode, ProblemWords>>;
  tryAgain: Plural;
}

interface ProblemWords {
  name: string;
  sentence: string;
}

/** The problems that a reader of pages can meet. */
type PageProblem = Extract<
  ProblemCode,
  | 'not-found'
  | 'invalid-body'
  | 'method-not-allowed'
  | 'too-large'
  | 'wrong-type'
  | 'channel-deleted'
  | 'post-withdrawn'
  | 'token-missing'
  | 'token-invalid'
  | 'forbidden'
  | 'rate-limited'
  | 'internal-error'
  | 'journal-unavailable'
  | 'channel-lost'
  | 'draining'
>;

/** Why a pasted token does not sign the reader in. */
type TokenFault = Extract<ProblemCode, 'invalid-body' | 'token-invalid' | 'too-large'>;

/** English if the language is not supported. */
export function siteWordsIn(language: string): SiteWords {
  return byLanguage[languageOf(language) ?? 'en'];
}

/** In English the problems' own words are used. */
const byLanguage: {
  readonly [Of in Language]: Of extends 'en' ? SiteWords : SiteWords & { faults: Record<TokenFault, string> };
} = {
  en: {
    coverage: 'Live coverage',
    coverageDescribed: 'Live coverage, as it happens, with every correction in its place.',
    sections: { live: 'Live', scheduled: 'Coming up', ended: 'Ended' },
    more: { live: 'More live coverage', scheduled: 'More coming up', ended: 'Earlier coverage' },
    forDevelopers: 'For developers',
    noCoverage: (command) => `There is no coverage yet. A channel made with ${command} appears here.`,
    notRecognised:
      'You cannot be recognised at the moment, so coverage that is not for everyone may be missing here. You stay signed in, and it will be back.',
    someMissing: 'Some coverage cannot be shown at the moment, so it may be missing here. It will be back.',
    saidLive: (coverage) => `Now live: ${coverage}.`,
    saidEnded: (coverage) => `No longer live: ${coverage}.`,
    signIn: 'Sign in',
    subscribe: 'Subscribe',
    withToken: 'Sign in with an access token',
    legal: 'Legal information',
    accessToken: 'Access token',
    tokenHint: (hours) =>
      `The newsroom gives it to you. Your browser then stays signed in for up to ${hours} hours, by a cookie of this site.`,
    notSignedIn: 'You are not signed in.',
    faults: {},
    signedInAs: (name) => `You are signed in as ${name}.`,
    goOn: 'Go on',
    asSomeoneElse: 'Or sign in as someone else:',
    mayNotRead: (name) => `You are signed in as ${name}, who may not read it. Sign in as someone else:`,
    desk: 'Desk',
    deskNeedsScript: 'The desk needs JavaScript. Please allow it for this site, then reload the page.',
    wentWrong: 'Something went wrong',
    problems: {
      'not-found': { name: 'This page is not here', sentence: 'The address may be wrong or incomplete.' },
      'invalid-body': { name: 'The request cannot be understood', sentence: 'The address may be wrong or incomplete.' },
      'method-not-allowed': {
        name: 'This does not work here',
        sentence: 'The address may be wrong, or meant for something else.',
      },
      'too-large': { name: 'That was too much', sentence: 'More was sent than is taken here.' },
      'wrong-type': { name: 'The request cannot be understood', sentence: 'It was not sent as a page of this site sends it.' },
      'channel-deleted': { name: 'This coverage was deleted', sentence: 'Nothing of it is kept here.' },
      'post-withdrawn': { name: 'This post was withdrawn', sentence: 'It can no longer be read.' },
      'token-missing': { name: 'This page is not for everyone', sentence: 'Sign in to see it.' },
      'token-invalid': {
        name: 'You cannot be recognised at the moment',
        sentence: 'You stay signed in, and the page will be back.',
      },
      forbidden: { name: 'This page is not for everyone', sentence: 'This can be done on a page of this site alone.' },
      'rate-limited': { name: 'Too many requests', sentence: 'So many came from your network that this one was not answered.' },
      'internal-error': { name: 'Something went wrong', sentence: 'It was our mistake, and it has been noted down.' },
      'journal-unavailable': {
        name: 'The coverage cannot be reached at the moment',
        sentence: 'Nothing of it is lost, and it will be back.',
      },
      'channel-lost': { name: 'The coverage cannot be reached at the moment', sentence: 'We are working on bringing it back.' },
      draining: { name: 'This server is being restarted', sentence: 'It will be back in a moment.' },
    },
    tryAgain: { one: 'Try again in # second.', other: 'Try again in # seconds.' },
  },
  de: {
    coverage: 'Live-Berichterstattung',
    coverageDescribed: 'Live-Berichterstattung, während es geschieht, mit jeder Korrektur an ihrer Stelle.',
    sections: { live: 'Live', scheduled: 'Demnächst', ended: 'Beendet' },
    more: {
      live: 'Weitere Live-Berichterstattung',
      scheduled: 'Weitere Ankündigungen',
      ended: 'Frühere Berichterstattung',
    },
    forDevelopers: 'Für Entwickler',
    noCoverage: (command) => `Es gibt noch keine Berichterstattung. Ein Kanal, der mit ${command} angelegt wird, erscheint hier.`,
    notRecognised:
      'Sie können gerade nicht erkannt werden. Was nicht für alle ist, kann daher hier fehlen. Sie bleiben angemeldet, und es ist bald wieder da.',
    someMissing: 'Manches kann gerade nicht gezeigt werden und daher hier fehlen. Es ist bald wieder da.',
    saidLive: (coverage) => `Jetzt live: ${coverage}.`,
    saidEnded: (coverage) => `Nicht mehr live: ${coverage}.`,
    signIn: 'Anmelden',
    subscribe: 'Abonnieren',
    withToken: 'Mit einem Zugangsschlüssel anmelden',
    legal: 'Rechtliches',
    accessToken: 'Zugangsschlüssel',
    tokenHint: (hours) =>
      `Sie erhalten ihn von der Redaktion. Ihr Browser bleibt dann bis zu ${hours} Stunden angemeldet, mit einem Cookie dieser Website.`,
    notSignedIn: 'Sie sind nicht angemeldet.',
    faults: {
      'invalid-body': 'Fügen Sie den Schlüssel ein, den Sie erhalten haben.',
      'token-invalid': 'Der Schlüssel wurde nicht angenommen.',
      'too-large': 'Der Schlüssel ist für eine Sitzung zu lang.',
    },
    signedInAs: (name) => `Sie sind als ${name} angemeldet.`,
    goOn: 'Weiter',
    asSomeoneElse: 'Oder als jemand anderes anmelden:',
    mayNotRead: (name) => `Sie sind als ${name} angemeldet und dürfen sie nicht lesen. Als jemand anderes anmelden:`,
    desk: 'Redaktion',
    deskNeedsScript:
      'Die Redaktionsseite braucht JavaScript. Bitte erlauben Sie es für diese Website und laden Sie die Seite neu.',
    wentWrong: 'Etwas ist schiefgegangen',
    problems: {
      'not-found': { name: 'Diese Seite gibt es hier nicht', sentence: 'Die Adresse ist vielleicht falsch oder unvollständig.' },
      'invalid-body': {
        name: 'Die Anfrage ist nicht zu verstehen',
        sentence: 'Die Adresse ist vielleicht falsch oder unvollständig.',
      },
      'method-not-allowed': {
        name: 'Das geht hier nicht',
        sentence: 'Die Adresse ist vielleicht falsch oder für etwas anderes gedacht.',
      },
      'too-large': { name: 'Das war zu viel', sentence: 'Es wurde mehr gesendet, als hier angenommen wird.' },
      'wrong-type': {
        name: 'Die Anfrage ist nicht zu verstehen',
        sentence: 'Sie wurde nicht so gesendet, wie eine Seite dieser Website sie sendet.',
      },
      'channel-deleted': { name: 'Diese Berichterstattung wurde gelöscht', sentence: 'Hier ist nichts von ihr aufbewahrt.' },
      'post-withdrawn': { name: 'Dieser Beitrag wurde zurückgezogen', sentence: 'Er kann nicht mehr gelesen werden.' },
      'token-missing': { name: 'Diese Seite ist nicht für alle', sentence: 'Melden Sie sich an, um sie zu sehen.' },
      'token-invalid': {
        name: 'Sie können gerade nicht erkannt werden',
        sentence: 'Sie bleiben angemeldet, und die Seite ist bald wieder da.',
      },
      forbidden: { name: 'Diese Seite ist nicht für alle', sentence: 'Das geht nur auf einer Seite dieser Website.' },
      'rate-limited': {
        name: 'Zu viele Anfragen',
        sentence: 'Aus Ihrem Netz kamen so viele, dass diese nicht beantwortet wurde.',
      },
      'internal-error': { name: 'Etwas ist schiefgegangen', sentence: 'Es war unser Fehler, und er ist festgehalten.' },
      'journal-unavailable': {
        name: 'Die Berichterstattung ist gerade nicht erreichbar',
        sentence: 'Nichts davon ist verloren; sie ist bald wieder da.',
      },
      'channel-lost': {
        name: 'Die Berichterstattung ist gerade nicht erreichbar',
        sentence: 'Wir arbeiten daran, sie wiederherzustellen.',
      },
      draining: { name: 'Dieser Server wird neu gestartet', sentence: 'Er ist gleich wieder da.' },
    },
    tryAgain: { one: 'Versuchen Sie es in # Sekunde noch einmal.', other: 'Versuchen Sie es in # Sekunden noch einmal.' },
  },
  fr: {
    coverage: 'Directs',
    coverageDescribed: 'Les événements en direct, avec chaque correction à sa place.',
    sections: { live: 'En direct', scheduled: 'À venir', ended: 'Terminés' },
    more: { live: 'Autres directs en cours', scheduled: 'Autres directs à venir', ended: 'Directs précédents' },
    forDevelopers: 'Pour les développeurs',
    noCoverage: (command) => `Il n’y a pas encore de direct. Un canal créé avec ${command} apparaîtra ici.`,
    notRecognised:
      'Impossible de vous reconnaître pour le moment\u00a0: les directs qui ne sont pas ouverts à tous peuvent manquer ici. Vous restez connecté, et ils vont revenir.',
    someMissing: 'Certains directs ne peuvent pas être affichés pour le moment et peuvent manquer ici. Ils vont revenir.',
    saidLive: (coverage) => `En direct\u00a0: ${coverage}.`,
    saidEnded: (coverage) => `N’est plus en direct\u00a0: ${coverage}.`,
    signIn: 'Se connecter',
    subscribe: 'S’abonner',
    withToken: 'Se connecter avec un jeton d’accès',
    legal: 'Mentions légales',
    accessToken: 'Jeton d’accès',
    tokenHint: (hours) =>
      `La rédaction vous le donne. Votre navigateur reste ensuite connecté jusqu’à ${hours} heures, par un cookie de ce site.`,
    notSignedIn: 'Vous n’êtes pas connecté.',
    faults: {
      'invalid-body': 'Collez le jeton que vous avez reçu.',
      'token-invalid': 'Le jeton n’a pas été accepté.',
      'too-large': 'Le jeton est trop long pour une session.',
    },
    signedInAs: (name) => `Vous êtes connecté en tant que ${name}.`,
    goOn: 'Continuer',
    asSomeoneElse: 'Ou connectez-vous avec un autre jeton\u00a0:',
    mayNotRead: (name) =>
      `Vous êtes connecté en tant que ${name}, sans le droit de lire ce direct. Connectez-vous avec un autre jeton\u00a0:`,
    desk: 'Rédaction',
    deskNeedsScript: 'La page de la rédaction a besoin de JavaScript. Autorisez-le pour ce site, puis rechargez la page.',
    wentWrong: 'Une erreur s’est produite',
    problems: {
      'not-found': { name: 'Cette page n’existe pas ici', sentence: 'L’adresse est peut-être erronée ou incomplète.' },
      'invalid-body': { name: 'La requête est incompréhensible', sentence: 'L’adresse est peut-être erronée ou incomplète.' },
      'method-not-allowed': {
        name: 'Cela n’est pas possible ici',
        sentence: 'L’adresse est peut-être erronée, ou sert à autre chose.',
      },
      'too-large': { name: 'C’est trop', sentence: 'Ce qui a été envoyé dépasse ce qui est accepté ici.' },
      'wrong-type': {
        name: 'La requête est incompréhensible',
        sentence: 'Elle n’a pas été envoyée comme le fait une page de ce site.',
      },
      'channel-deleted': { name: 'Ce direct a été supprimé', sentence: 'Rien n’en est conservé ici.' },
      'post-withdrawn': { name: 'Ce message a été retiré', sentence: 'Il ne peut plus être lu.' },
      'token-missing': { name: 'Cette page n’est pas ouverte à tous', sentence: 'Connectez-vous pour la voir.' },
      'token-invalid': {
        name: 'Impossible de vous reconnaître pour le moment',
        sentence: 'Vous restez connecté, et la page va revenir.',
      },
      forbidden: {
        name: 'Cette page n’est pas ouverte à tous',
        sentence: 'Cela ne peut se faire que sur une page de ce site.',
      },
      'rate-limited': {
        name: 'Trop de requêtes',
        sentence: 'Votre réseau en a envoyé tant que celle-ci n’a pas reçu de réponse.',
      },
      'internal-error': { name: 'Une erreur s’est produite', sentence: 'Elle vient de nous, et elle est notée.' },
      'journal-unavailable': {
        name: 'Le direct est inaccessible pour le moment',
        sentence: 'Rien n’en est perdu\u202f; il va revenir.',
      },
      'channel-lost': { name: 'Le direct est inaccessible pour le moment', sentence: 'Nous travaillons à le rétablir.' },
      draining: { name: 'Ce serveur redémarre', sentence: 'Il revient dans un instant.' },
    },
    tryAgain: { one: 'Réessayez dans # seconde.', other: 'Réessayez dans # secondes.' },
  },
  es: {
    coverage: 'Coberturas en directo',
    coverageDescribed: 'Los hechos en directo, con cada corrección en su lugar.',
    sections: { live: 'En directo', scheduled: 'Próximamente', ended: 'Finalizadas' },
    more: { live: 'Más coberturas en directo', scheduled: 'Más coberturas próximas', ended: 'Coberturas anteriores' },
    forDevelopers: 'Para desarrolladores',
    noCoverage: (command) => `Aún no hay coberturas. Un canal creado con ${command} aparecerá aquí.`,
    notRecognised:
      'No es posible reconocerle en este momento, y aquí pueden faltar coberturas que no son para todos. Su sesión sigue abierta, y volverán.',
    someMissing: 'Algunas coberturas no se pueden mostrar en este momento y pueden faltar aquí. Volverán.',
    saidLive: (coverage) => `En directo: ${coverage}.`,
    saidEnded: (coverage) => `Ya no está en directo: ${coverage}.`,
    signIn: 'Iniciar sesión',
    subscribe: 'Suscribirse',
    withToken: 'Iniciar sesión con una clave de acceso',
    legal: 'Información legal',
    accessToken: 'Clave de acceso',
    tokenHint: (hours) =>
      `Se la da la redacción. Su navegador mantiene la sesión hasta ${hours} horas, con una cookie de este sitio.`,
    notSignedIn: 'No ha iniciado sesión.',
    faults: {
      'invalid-body': 'Pegue la clave que recibió.',
      'token-invalid': 'La clave no fue aceptada.',
      'too-large': 'La clave es demasiado larga para una sesión.',
    },
    signedInAs: (name) => `Ha iniciado sesión como ${name}.`,
    goOn: 'Continuar',
    asSomeoneElse: 'O inicie sesión con otra clave:',
    mayNotRead: (name) => `Ha iniciado sesión como ${name}, sin permiso para leerla. Inicie sesión con otra clave:`,
    desk: 'Redacción',
    deskNeedsScript: 'La página de redacción necesita JavaScript. Permítalo para este sitio y recargue la página.',
    wentWrong: 'Algo salió mal',
    problems: {
      'not-found': { name: 'Esta página no está aquí', sentence: 'Puede que la dirección sea incorrecta o esté incompleta.' },
      'invalid-body': {
        name: 'No se entiende la solicitud',
        sentence: 'Puede que la dirección sea incorrecta o esté incompleta.',
      },
      'method-not-allowed': {
        name: 'Esto no es posible aquí',
        sentence: 'Puede que la dirección sea incorrecta o sirva para otra cosa.',
      },
      'too-large': { name: 'Es demasiado', sentence: 'Se envió más de lo que se acepta aquí.' },
      'wrong-type': { name: 'No se entiende la solicitud', sentence: 'No se envió como lo hace una página de este sitio.' },
      'channel-deleted': { name: 'Esta cobertura fue eliminada', sentence: 'Aquí no se conserva nada de ella.' },
      'post-withdrawn': { name: 'Este mensaje fue retirado', sentence: 'Ya no se puede leer.' },
      'token-missing': { name: 'Esta página no es para todos', sentence: 'Inicie sesión para verla.' },
      'token-invalid': {
        name: 'No es posible reconocerle en este momento',
        sentence: 'Su sesión sigue abierta, y la página volverá.',
      },
      forbidden: { name: 'Esta página no es para todos', sentence: 'Esto solo puede hacerse en una página de este sitio.' },
      'rate-limited': { name: 'Demasiadas solicitudes', sentence: 'Llegaron tantas desde su red que esta no fue atendida.' },
      'internal-error': { name: 'Algo salió mal', sentence: 'El error es nuestro, y ha quedado registrado.' },
      'journal-unavailable': {
        name: 'La cobertura no está disponible en este momento',
        sentence: 'No se ha perdido nada, y volverá.',
      },
      'channel-lost': {
        name: 'La cobertura no está disponible en este momento',
        sentence: 'Estamos trabajando para recuperarla.',
      },
      draining: { name: 'Este servidor se está reiniciando', sentence: 'Volverá en un momento.' },
    },
    tryAgain: { one: 'Inténtelo de nuevo en # segundo.', other: 'Inténtelo de nuevo en # segundos.' },
  },
  ar: {
    coverage: 'التغطيات المباشرة',
    coverageDescribed: 'تغطيات مباشرة لما يجري، وكل تصحيح في مكانه.',
    sections: { live: 'مباشر الآن', scheduled: 'قريبًا', ended: 'انتهت' },
    more: { live: 'تغطيات مباشرة أخرى', scheduled: 'تغطيات قادمة أخرى', ended: 'تغطيات سابقة' },
    forDevelopers: 'للمطورين',
    noCoverage: (command) => `لا توجد تغطيات بعد. تظهر هنا كل قناة تُنشأ بالأمر ${command}.`,
    notRecognised: 'لا يمكن التعرف عليك حاليًا، فقد تغيب هنا تغطيات ليست للجميع. تبقى مسجل الدخول، وستعود.',
    someMissing: 'لا يمكن عرض بعض التغطيات حاليًا، فقد تغيب هنا، وستعود.',
    saidLive: (coverage) => `مباشر الآن: ${coverage}.`,
    saidEnded: (coverage) => `لم تعد مباشرة: ${coverage}.`,
    signIn: 'تسجيل الدخول',
    subscribe: 'الاشتراك',
    withToken: 'تسجيل الدخول برمز الدخول',
    legal: 'معلومات قانونية',
    accessToken: 'رمز الدخول',
    tokenHint: (hours) => `تعطيك إياه هيئة التحرير. ويبقى متصفحك بعدها مسجلًا حتى ${hours} ساعة، بملف تعريف ارتباط لهذا الموقع.`,
    notSignedIn: 'لم يتم تسجيل دخولك.',
    faults: {
      'invalid-body': 'ألصق الرمز الذي حصلت عليه.',
      'token-invalid': 'لم يُقبل الرمز.',
      'too-large': 'الرمز أطول من أن تقوم عليه جلسة.',
    },
    signedInAs: (name) => `أنت مسجل باسم ${name}.`,
    goOn: 'متابعة',
    asSomeoneElse: 'أو سجل الدخول برمز آخر:',
    mayNotRead: (name) => `أنت مسجل باسم ${name}، ولا يحق لهذا الحساب قراءتها. سجل الدخول برمز آخر:`,
    desk: 'غرفة التحرير',
    deskNeedsScript: 'تحتاج صفحة التحرير إلى JavaScript. اسمح به لهذا الموقع ثم أعد تحميل الصفحة.',
    wentWrong: 'حدث خطأ',
    problems: {
      'not-found': { name: 'هذه الصفحة غير موجودة هنا', sentence: 'قد يكون العنوان خاطئًا أو ناقصًا.' },
      'invalid-body': { name: 'تعذر فهم الطلب', sentence: 'قد يكون العنوان خاطئًا أو ناقصًا.' },
      'method-not-allowed': { name: 'هذا غير ممكن هنا', sentence: 'قد يكون العنوان خاطئًا أو مخصصًا لشيء آخر.' },
      'too-large': { name: 'هذا أكثر من اللازم', sentence: 'أُرسل أكثر مما يُقبل هنا.' },
      'wrong-type': { name: 'تعذر فهم الطلب', sentence: 'لم يُرسل كما ترسله صفحات هذا الموقع.' },
      'channel-deleted': { name: 'حُذفت هذه التغطية', sentence: 'لم يُحفظ هنا شيء منها.' },
      'post-withdrawn': { name: 'سُحب هذا المنشور', sentence: 'لم تعد قراءته ممكنة.' },
      'token-missing': { name: 'هذه الصفحة ليست للجميع', sentence: 'سجل الدخول لتراها.' },
      'token-invalid': { name: 'لا يمكن التعرف عليك حاليًا', sentence: 'تبقى مسجل الدخول، وستعود الصفحة.' },
      forbidden: { name: 'هذه الصفحة ليست للجميع', sentence: 'لا يتم هذا إلا من صفحة في هذا الموقع.' },
      'rate-limited': { name: 'طلبات كثيرة جدًا', sentence: 'وصل من شبكتك عدد كبير من الطلبات فلم يُجب عن هذا الطلب.' },
      'internal-error': { name: 'حدث خطأ', sentence: 'الخطأ منا، وقد سُجل.' },
      'journal-unavailable': { name: 'التغطية غير متاحة حاليًا', sentence: 'لم يضع منها شيء، وستعود.' },
      'channel-lost': { name: 'التغطية غير متاحة حاليًا', sentence: 'نعمل على استعادتها.' },
      draining: { name: 'يُعاد تشغيل هذا الخادم', sentence: 'سيعود بعد لحظات.' },
    },
    tryAgain: {
      one: 'حاول مجددًا بعد ثانية واحدة.',
      two: 'حاول مجددًا بعد ثانيتين.',
      few: 'حاول مجددًا بعد # ثوانٍ.',
      many: 'حاول مجددًا بعد # ثانية.',
      other: 'حاول مجددًا بعد # ثانية.',
    },
  },
};
