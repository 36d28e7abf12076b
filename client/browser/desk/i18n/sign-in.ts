import type { Language } from '../../i18n/languages.ts';

/** The words of the page of a sign-in link, and of what the desk says when a session ends. */
export interface SignInWords {
  signInAs: (name: string) => string;
  signIn: string;
  signingIn: string;
  again: string;
  // The roles of the session, each before a list of channels
  editor: string;
  author: string;
  reader: string;
  allCoverage: string;
  administrator: string;
  noRights: string;
  until: (time: string) => string;
  once: string;
  /** Another person is signed in. */
  replaces: (present: string, next: string) => string;
  /** The server gave no answer. */
  unanswered: string;
  notWhole: string;
  notWholeHow: string;
  used: string;
  usedHow: string;
  goOnAs: (name: string) => string;
  expired: string;
  invalid: string;
  askForAnother: string;
  refused: string;
  refusedHow: string;
  otherWays: string;

  // The end of a session
  endsAt: (time: string) => string;
  endsHow: string;
  ended: string;
  endedHow: string;
  signInAgain: string;
}

export function signInWordsIn(language: Language): SignInWords {
  return byLanguage[language];
}

const byLanguage: Readonly<Record<Language, SignInWords>> = {
  en: {
    signInAs: (name) => `Sign in as ${name}`,
    signIn: 'Sign in',
    signingIn: 'Signing in…',
    again: 'Try again',
    editor: 'Editor of',
    author: 'Author of',
    reader: 'Reader of',
    allCoverage: 'all coverage',
    administrator: 'Administrator',
    noRights: 'Without any rights',
    until: (time) => `Until ${time} at the latest`,
    once: 'The link works once, in this browser. If you are someone else, do not press the button.',
    replaces: (present, next) =>
      `${present} is signed in here. Signing in as ${next} replaces that. What ${present} wrote stays on this device.`,
    unanswered:
      'The server did not answer. Trying again is safe. If the link then counts as used, ask your newsroom for a new one.',
    notWhole: 'This link is not complete',
    notWholeHow: 'Copy the whole address, up to its last character, or ask your newsroom for a new link.',
    used: 'This link was used before',
    usedHow: 'A link works once. Ask your newsroom for a new one. If it was not you who used it, tell them.',
    goOnAs: (name) => `Go on as ${name}`,
    expired: 'This link has expired',
    invalid: 'This link is no longer valid',
    askForAnother: 'Ask your newsroom for a new link.',
    refused: 'Signing in did not work',
    refusedHow: 'Tell the people who run this server:',
    otherWays: 'Other ways to sign in',
    endsAt: (time) => `Your session ends at ${time}`,
    endsHow: 'Ask your newsroom for a new link and open it in this browser. This page then goes on where it is.',
    ended: 'Your session has ended',
    endedHow:
      'What you wrote is on this device, and goes out when you sign in again. Open a new link in this browser; this page goes on where it is.',
    signInAgain: 'Sign in again',
  },
  de: {
    signInAs: (name) => `Als ${name} anmelden`,
    signIn: 'Anmelden',
    signingIn: 'Anmeldung läuft …',
    again: 'Noch einmal versuchen',
    editor: 'Redigiert',
    author: 'Schreibt in',
    reader: 'Liest',
    allCoverage: 'alle Berichterstattungen',
    administrator: 'Verwaltet den Server',
    noRights: 'Ohne Rechte',
    until: (time) => `Bis spätestens ${time}`,
    once: 'Der Link gilt einmal, in diesem Browser. Wenn Sie jemand anderes sind, drücken Sie den Knopf nicht.',
    replaces: (present, next) =>
      `Hier ist ${present} angemeldet. Die Anmeldung als ${next} tritt an diese Stelle. Was ${present} geschrieben hat, bleibt auf diesem Gerät.`,
    unanswered:
      'Der Server hat nicht geantwortet. Sie können es gefahrlos noch einmal versuchen. Gilt der Link dann als benutzt, bitten Sie Ihre Redaktion um einen neuen.',
    notWhole: 'Dieser Link ist unvollständig',
    notWholeHow: 'Kopieren Sie die ganze Adresse bis zum letzten Zeichen, oder bitten Sie Ihre Redaktion um einen neuen Link.',
    used: 'Dieser Link wurde schon benutzt',
    usedHow:
      'Ein Link gilt einmal. Bitten Sie Ihre Redaktion um einen neuen. Wenn nicht Sie ihn benutzt haben, sagen Sie es ihr.',
    goOnAs: (name) => `Als ${name} weiterarbeiten`,
    expired: 'Dieser Link ist abgelaufen',
    invalid: 'Dieser Link gilt nicht mehr',
    askForAnother: 'Bitten Sie Ihre Redaktion um einen neuen Link.',
    refused: 'Die Anmeldung ist nicht gelungen',
    refusedHow: 'Sagen Sie es denen, die diesen Server betreiben:',
    otherWays: 'Andere Wege, sich anzumelden',
    endsAt: (time) => `Ihre Sitzung endet um ${time}`,
    endsHow:
      'Bitten Sie Ihre Redaktion um einen neuen Link und öffnen Sie ihn in diesem Browser. Diese Seite macht dann dort weiter, wo sie ist.',
    ended: 'Ihre Sitzung ist zu Ende',
    endedHow:
      'Was Sie geschrieben haben, ist auf diesem Gerät und wird gesendet, sobald Sie wieder angemeldet sind. Öffnen Sie einen neuen Link in diesem Browser; diese Seite macht dort weiter, wo sie ist.',
    signInAgain: 'Wieder anmelden',
  },
  fr: {
    signInAs: (name) => `Se connecter en tant que ${name}`,
    signIn: 'Se connecter',
    signingIn: 'Connexion en cours…',
    again: 'Réessayer',
    editor: 'Responsable de',
    author: 'Auteur dans',
    reader: 'Lecteur de',
    allCoverage: 'tous les directs',
    administrator: 'Administrateur',
    noRights: 'Sans aucun droit',
    until: (time) => `Jusqu’à ${time} au plus tard`,
    once: 'Le lien ne fonctionne qu’une fois, dans ce navigateur. Si vous êtes quelqu’un d’autre, n’appuyez pas sur le bouton.',
    replaces: (present, next) =>
      `${present} est connecté ici. La connexion en tant que ${next} prendra sa place. Ce que ${present} a écrit reste sur cet appareil.`,
    unanswered:
      'Le serveur n’a pas répondu. Vous pouvez réessayer sans risque. Si le lien est alors considéré comme utilisé, demandez-en un nouveau à votre rédaction.',
    notWhole: 'Ce lien est incomplet',
    notWholeHow: 'Copiez l’adresse entière, jusqu’au dernier caractère, ou demandez un nouveau lien à votre rédaction.',
    used: 'Ce lien a déjà été utilisé',
    usedHow:
      'Un lien ne fonctionne qu’une fois. Demandez-en un nouveau à votre rédaction. Si ce n’est pas vous qui l’avez utilisé, prévenez-la.',
    goOnAs: (name) => `Continuer en tant que ${name}`,
    expired: 'Ce lien a expiré',
    invalid: 'Ce lien n’est plus valable',
    askForAnother: 'Demandez un nouveau lien à votre rédaction.',
    refused: 'La connexion n’a pas abouti',
    refusedHow: 'Prévenez les responsables de ce serveur :',
    otherWays: 'Autres moyens de se connecter',
    endsAt: (time) => `Votre session se termine à ${time}`,
    endsHow:
      'Demandez un nouveau lien à votre rédaction et ouvrez-le dans ce navigateur. Cette page reprend alors là où elle en est.',
    ended: 'Votre session est terminée',
    endedHow:
      'Ce que vous avez écrit est sur cet appareil et sera envoyé quand vous vous reconnecterez. Ouvrez un nouveau lien dans ce navigateur ; cette page reprend là où elle en est.',
    signInAgain: 'Se reconnecter',
  },
  es: {
    signInAs: (name) => `Iniciar sesión como ${name}`,
    signIn: 'Iniciar sesión',
    signingIn: 'Iniciando sesión…',
    again: 'Volver a intentarlo',
    editor: 'Edita',
    author: 'Escribe en',
    reader: 'Lee',
    allCoverage: 'todas las coberturas',
    administrator: 'Administra el servidor',
    noRights: 'Sin ningún permiso',
    until: (time) => `Hasta las ${time} como máximo`,
    once: 'El enlace funciona una sola vez, en este navegador. Si usted es otra persona, no pulse el botón.',
    replaces: (present, next) =>
      `Aquí tiene la sesión iniciada ${present}. La sesión de ${next} ocupará su lugar. Lo que escribió ${present} se queda en este dispositivo.`,
    unanswered:
      'El servidor no respondió. Puede volver a intentarlo sin riesgo. Si entonces el enlace figura como usado, pida uno nuevo a su redacción.',
    notWhole: 'Este enlace está incompleto',
    notWholeHow: 'Copie la dirección completa, hasta el último carácter, o pida un enlace nuevo a su redacción.',
    used: 'Este enlace ya se usó',
    usedHow: 'Un enlace funciona una sola vez. Pida uno nuevo a su redacción. Si no fue usted quien lo usó, avísele.',
    goOnAs: (name) => `Seguir como ${name}`,
    expired: 'Este enlace ha caducado',
    invalid: 'Este enlace ya no es válido',
    askForAnother: 'Pida un enlace nuevo a su redacción.',
    refused: 'No se pudo iniciar la sesión',
    refusedHow: 'Avise a quienes administran este servidor:',
    otherWays: 'Otras formas de iniciar sesión',
    endsAt: (time) => `Su sesión termina a las ${time}`,
    endsHow: 'Pida un enlace nuevo a su redacción y ábralo en este navegador. Esta página sigue entonces donde está.',
    ended: 'Su sesión ha terminado',
    endedHow:
      'Lo que escribió está en este dispositivo y se enviará cuando vuelva a iniciar sesión. Abra un enlace nuevo en este navegador; esta página sigue donde está.',
    signInAgain: 'Volver a iniciar sesión',
  },
  ar: {
    signInAs: (name) => `تسجيل الدخول باسم ${name}`,
    signIn: 'تسجيل الدخول',
    signingIn: 'جارٍ تسجيل الدخول…',
    again: 'إعادة المحاولة',
    editor: 'تحرير',
    author: 'الكتابة في',
    reader: 'قراءة',
    allCoverage: 'كل التغطيات',
    administrator: 'إدارة الخادم',
    noRights: 'دون أي صلاحيات',
    until: (time) => `حتى ${time} على الأكثر`,
    once: 'يعمل الرابط مرة واحدة، في هذا المتصفح. إذا كنت شخصًا آخر فلا تضغط الزر.',
    replaces: (present, next) =>
      `${present} مسجل الدخول هنا. سيحل الدخول باسم ${next} محله. ما كتبه ${present} يبقى على هذا الجهاز.`,
    unanswered: 'لم يرد الخادم. يمكنك إعادة المحاولة بأمان. وإذا ظهر الرابط عندئذ مستخدمًا فاطلب رابطًا جديدًا من غرفة الأخبار.',
    notWhole: 'هذا الرابط غير كامل',
    notWholeHow: 'انسخ العنوان كاملًا حتى آخر حرف، أو اطلب رابطًا جديدًا من غرفة الأخبار.',
    used: 'سبق استخدام هذا الرابط',
    usedHow: 'يعمل الرابط مرة واحدة. اطلب رابطًا جديدًا من غرفة الأخبار. وإذا لم تكن أنت من استخدمه فأخبرهم.',
    goOnAs: (name) => `المتابعة باسم ${name}`,
    expired: 'انتهت صلاحية هذا الرابط',
    invalid: 'لم يعد هذا الرابط صالحًا',
    askForAnother: 'اطلب رابطًا جديدًا من غرفة الأخبار.',
    refused: 'لم ينجح تسجيل الدخول',
    refusedHow: 'أخبر القائمين على هذا الخادم:',
    otherWays: 'طرق أخرى لتسجيل الدخول',
    endsAt: (time) => `تنتهي جلستك في ${time}`,
    endsHow: 'اطلب رابطًا جديدًا من غرفة الأخبار وافتحه في هذا المتصفح، فتتابع هذه الصفحة من حيث هي.',
    ended: 'انتهت جلستك',
    endedHow:
      'ما كتبته محفوظ على هذا الجهاز، ويُرسل عند تسجيل دخولك من جديد. افتح رابطًا جديدًا في هذا المتصفح، فتتابع هذه الصفحة من حيث هي.',
    signInAgain: 'تسجيل الدخول من جديد',
  },
};
