import type { Language } from '../../i18n/languages.ts';

/**
 * Sentences that the desk suggests for the note of a correction. They are in the language of the coverage, because readers get
 * them.
 */
export interface NoteSentences {
  /** The beginning of a sentence about what was wrong. */
  said: string;
  /** The beginning of a sentence about what was unclear. */
  wasUnclear: string;
  /** The correct figure, if other figures stand beside the wrong one. In place of `correct` in the sentences. */
  insteadOf: (correct: string, wrong: string) => string;
  /** `clause` has no full stop. Only in languages in which it can stand there without quotation marks. */
  clause?: (clause: string, correct: string) => string;
  /** `sentence` has its full stop. */
  quoted: (sentence: string, correct: string) => string;
  /** A figure. */
  bare: (wrong: string, correct: string) => string;
  /** A name. */
  named: (wrong: string, correct: string) => string;
}

export function noteSentencesIn(language: Language): NoteSentences {
  return byLanguage[language];
}

const byLanguage: Readonly<Record<Language, NoteSentences>> = {
  en: {
    said: 'An earlier version said ',
    wasUnclear: 'An earlier version did not make clear ',
    insteadOf: (correct, wrong) => `${correct}, not ${wrong}`,
    clause: (clause, correct) => `An earlier version said ${clause}. It was ${correct}.`,
    quoted: (sentence, correct) => `An earlier version said: “${sentence}” It should have said ${correct}.`,
    bare: (wrong, correct) => `An earlier version said ${wrong}. It should have said ${correct}.`,
    named: (wrong, correct) => `An earlier version said “${wrong}”. It should have said “${correct}”.`,
  },
  de: {
    said: 'In einer früheren Fassung hieß es, ',
    wasUnclear: 'In einer früheren Fassung blieb unklar, ',
    insteadOf: (correct, wrong) => `${correct}, nicht ${wrong}`,
    quoted: (sentence, correct) => `In einer früheren Fassung hieß es: „${sentence}“ Richtig ist: ${correct}.`,
    bare: (wrong, correct) => `In einer früheren Fassung stand ${wrong}. Richtig ist ${correct}.`,
    named: (wrong, correct) => `In einer früheren Fassung stand „${wrong}“. Richtig ist „${correct}“.`,
  },
  fr: {
    said: 'Une version antérieure indiquait ',
    wasUnclear: 'Une version antérieure ne précisait pas ',
    insteadOf: (correct, wrong) => `${correct}, et non ${wrong}`,
    quoted: (sentence, correct) => `Une version antérieure indiquait : « ${sentence} » Il fallait lire ${correct}.`,
    bare: (wrong, correct) => `Une version antérieure indiquait ${wrong}. Il fallait lire ${correct}.`,
    named: (wrong, correct) => `Une version antérieure indiquait « ${wrong} ». Il fallait lire « ${correct} ».`,
  },
  es: {
    said: 'En una versión anterior se decía ',
    wasUnclear: 'Una versión anterior no dejaba claro ',
    insteadOf: (correct, wrong) => `${correct}, no ${wrong}`,
    quoted: (sentence, correct) => `En una versión anterior se decía: «${sentence}» Debía decir ${correct}.`,
    bare: (wrong, correct) => `En una versión anterior se decía ${wrong}. Debía decir ${correct}.`,
    named: (wrong, correct) => `En una versión anterior se decía «${wrong}». Debía decir «${correct}».`,
  },
  ar: {
    said: 'ورد في نسخة سابقة ',
    wasUnclear: 'لم توضح نسخة سابقة ',
    insteadOf: (correct, wrong) => `${correct} لا ${wrong}`,
    quoted: (sentence, correct) => `ورد في نسخة سابقة: «${sentence}» والصحيح ${correct}.`,
    bare: (wrong, correct) => `ورد في نسخة سابقة ${wrong}، والصحيح ${correct}.`,
    named: (wrong, correct) => `ورد في نسخة سابقة «${wrong}»، والصحيح «${correct}».`,
  },
};
