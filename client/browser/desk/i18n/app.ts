import type { Language } from '../../i18n/languages.ts';

/** The words of the shell of the desk: its bar, its list, and signing in and out. */
export interface AppWords {
  coverages: string;
  /** Names the list of tabs. */
  openCoverages: string;
  newPosts: (count: number) => string;
  close: (coverage: string) => string;
  signIn: string;
  signOut: string;
  signedOut: string;
  signInHow: string;
  unreachable: string;
}

export function appWordsIn(language: Language): AppWords {
  return byLanguage[language];
}

const byLanguage: Readonly<Record<Language, AppWords>> = {
  en: {
    coverages: 'Coverage',
    openCoverages: 'Open coverage',
    newPosts: (count) => (count === 1 ? '1 new post' : `${count} new posts`),
    close: (coverage) => `Close ${coverage}`,
    signIn: 'Sign in',
    signOut: 'Sign out',
    signedOut: 'You are not signed in',
    signInHow: 'Open the link that your newsroom gave you, or sign in with a token.',
    unreachable: 'The server cannot be reached, and nobody was signed in on this device. The desk tries again by itself.',
  },
  de: {
    coverages: 'Berichterstattung',
    openCoverages: 'Geöffnete Berichterstattung',
    newPosts: (count) => (count === 1 ? '1 neuer Beitrag' : `${count} neue Beiträge`),
    close: (coverage) => `${coverage} schließen`,
    signIn: 'Anmelden',
    signOut: 'Abmelden',
    signedOut: 'Sie sind nicht angemeldet',
    signInHow: 'Öffnen Sie den Link, den Ihre Redaktion Ihnen gegeben hat, oder melden Sie sich mit einem Zugangsschlüssel an.',
    unreachable:
      'Der Server ist nicht erreichbar, und auf diesem Gerät war niemand angemeldet. Die Seite versucht es von selbst wieder.',
  },
  fr: {
    coverages: 'Directs',
    openCoverages: 'Directs ouverts',
    newPosts: (count) => (count === 1 ? '1 nouveau message' : `${count} nouveaux messages`),
    close: (coverage) => `Fermer ${coverage}`,
    signIn: 'Se connecter',
    signOut: 'Se déconnecter',
    signedOut: 'Vous n’êtes pas connecté',
    signInHow: 'Ouvrez le lien que votre rédaction vous a donné, ou connectez-vous avec un jeton.',
    unreachable: 'Le serveur est injoignable, et personne n’était connecté sur cet appareil. La page réessaie d’elle-même.',
  },
  es: {
    coverages: 'Coberturas',
    openCoverages: 'Coberturas abiertas',
    newPosts: (count) => (count === 1 ? '1 entrada nueva' : `${count} entradas nuevas`),
    close: (coverage) => `Cerrar ${coverage}`,
    signIn: 'Iniciar sesión',
    signOut: 'Cerrar sesión',
    signedOut: 'No ha iniciado sesión',
    signInHow: 'Abra el enlace que le dio su redacción o inicie sesión con una clave.',
    unreachable:
      'No se puede contactar con el servidor y nadie había iniciado sesión en este dispositivo. La página lo reintenta sola.',
  },
  ar: {
    coverages: 'التغطيات',
    openCoverages: 'التغطيات المفتوحة',
    newPosts: (count) => `منشورات جديدة: ${count}`,
    close: (coverage) => `إغلاق ${coverage}`,
    signIn: 'تسجيل الدخول',
    signOut: 'تسجيل الخروج',
    signedOut: 'لم تسجل الدخول',
    signInHow: 'افتح الرابط الذي أعطتك إياه غرفة التحرير، أو سجل الدخول برمز.',
    unreachable: 'يتعذر الوصول إلى الخادم، ولم يكن أحد مسجلا على هذا الجهاز. ستعيد الصفحة المحاولة من تلقاء نفسها.',
  },
};
