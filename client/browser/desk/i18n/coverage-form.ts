import type { RevisionKind } from '../../../../src/protocol/model.ts';
import type { Language } from '../../i18n/languages.ts';
import type { Fault } from '../coverages/coverage-fields.ts';

/** The words of the form of a coverage. */
export interface CoverageFormWords {
  headline: string;
  standfirst: string;
  section: string;
  byline: string;
  bylineHint: string;
  access: string;
  language: string;
  languageHint: string;
  timezone: string;
  timezoneHint: string;
  startsAt: string;
  startsAtHint: (zone: string) => string;
  id: string;
  idHint: string;
  state: string;
  beginsNow: string;
  beginsLater: string;
  /** The rest of the form. */
  more: string;
  pictureUrl: string;
  pictureUrlHint: string;
  pictureAlt: string;
  pictureAltHint: string;
  pictureCaption: string;
  pictureCredit: string;
  url: string;
  urlHint: string;
  changeKind: string;
  changeKinds: Record<RevisionKind, string>;
  changeNote: string;
  changeNoteHint: string;
  open: string;
  save: string;
  saving: string;
  cancel: string;
  close: string;
  faults: Record<Fault, string>;
  answers: Record<'taken' | 'not-stored' | 'changed-meanwhile', string>;
  /** `ids`: patterns of channel ids. */
  notYours: (ids: string) => string;
  /** Before the words of the server, which are English. */
  refused: string;
  later: string;
  slowPicture: string;
}

export function coverageFormWordsIn(language: Language): CoverageFormWords {
  return byLanguage[language];
}

const byLanguage: Readonly<Record<Language, CoverageFormWords>> = {
  en: {
    headline: 'Headline',
    standfirst: 'Standfirst',
    section: 'Section',
    byline: 'Byline',
    bylineHint: 'One person on each line. A role may follow after a comma.',
    access: 'Who may read it',
    language: 'Language',
    languageHint: 'Such as en or de-AT',
    timezone: 'Time zone',
    timezoneHint: 'Such as Europe/Berlin',
    startsAt: 'Planned start',
    startsAtHint: (zone) => `By the clock of ${zone}`,
    id: 'Address',
    idHint: 'Lower-case letters, digits and hyphens. It cannot be changed later.',
    state: 'Begins',
    beginsNow: 'Now, live',
    beginsLater: 'Later, announced',
    more: 'Section, byline, language, address, picture',
    pictureUrl: 'Address of the picture',
    pictureUrlHint: 'Begins with https://',
    pictureAlt: 'What the picture shows',
    pictureAltHint: 'For readers who do not see it',
    pictureCaption: 'Caption',
    pictureCredit: 'Credit',
    url: 'Page of the coverage on your own site',
    urlHint: 'Links to posts then lead there.',
    changeKind: 'What kind of change is it?',
    changeKinds: {
      correction: 'We were wrong',
      clarification: 'It was unclear',
      update: 'There is more now',
      refile: 'Typing slip',
    },
    changeNote: 'Note for readers',
    changeNoteHint: 'Readers see it with the change.',
    open: 'Open coverage',
    save: 'Save',
    saving: 'Saving …',
    cancel: 'Cancel',
    close: 'Close',
    faults: {
      missing: 'This is needed.',
      'too-long': 'This is too long.',
      'not-plain': 'This contains characters that cannot be shown.',
      'not-https': 'This is not a web address that begins with https://.',
      'not-loadable': 'The picture must be at an address that begins with https://.',
      'not-id': 'Use lower-case letters, digits and hyphens, without a hyphen at either end.',
      'not-language': 'This is not a language tag such as en or de-AT.',
      'not-zone': 'This is not a time zone such as Europe/Berlin.',
      'too-many': 'These are too many people.',
    },
    answers: {
      taken: 'Another coverage has this address already, or had it. Choose another one.',
      'not-stored': 'It could not be saved now. What you wrote is still here. Try again.',
      'changed-meanwhile':
        'A colleague changed the coverage in the meantime. The fields that you did not touch are as they are now. Look at them, then save again.',
    },
    notYours: (ids) => `You may open coverage only at these addresses: ${ids}`,
    refused: 'The server did not accept it:',
    later: 'It is kept on this device and goes out as soon as the server can be reached.',
    slowPicture:
      'The picture takes a while to upload. You can close this: what you saved is kept on this device and goes out by itself.',
  },
  de: {
    headline: 'Überschrift',
    standfirst: 'Vorspann',
    section: 'Ressort',
    byline: 'Autorenzeile',
    bylineHint: 'Eine Person pro Zeile. Nach einem Komma kann die Rolle stehen.',
    access: 'Wer sie lesen darf',
    language: 'Sprache',
    languageHint: 'Etwa de oder de-AT',
    timezone: 'Zeitzone',
    timezoneHint: 'Etwa Europe/Berlin',
    startsAt: 'Geplanter Beginn',
    startsAtHint: (zone) => `Nach der Uhr von ${zone}`,
    id: 'Adresse',
    idHint: 'Kleinbuchstaben, Ziffern und Bindestriche. Sie kann später nicht geändert werden.',
    state: 'Beginn',
    beginsNow: 'Jetzt, live',
    beginsLater: 'Später, angekündigt',
    more: 'Ressort, Autorenzeile, Sprache, Adresse, Bild',
    pictureUrl: 'Adresse des Bildes',
    pictureUrlHint: 'Beginnt mit https://',
    pictureAlt: 'Was das Bild zeigt',
    pictureAltHint: 'Für Leser, die es nicht sehen',
    pictureCaption: 'Bildunterschrift',
    pictureCredit: 'Bildnachweis',
    url: 'Seite der Berichterstattung auf Ihrer eigenen Website',
    urlHint: 'Links zu Beiträgen führen dann dorthin.',
    changeKind: 'Was für eine Änderung ist es?',
    changeKinds: {
      correction: 'Wir lagen falsch',
      clarification: 'Es war unklar',
      update: 'Es gibt jetzt mehr',
      refile: 'Tippfehler',
    },
    changeNote: 'Hinweis für Leser',
    changeNoteHint: 'Leser sehen ihn bei der Änderung.',
    open: 'Berichterstattung öffnen',
    save: 'Speichern',
    saving: 'Wird gespeichert …',
    cancel: 'Abbrechen',
    close: 'Schließen',
    faults: {
      missing: 'Das wird gebraucht.',
      'too-long': 'Das ist zu lang.',
      'not-plain': 'Das enthält Zeichen, die nicht gezeigt werden können.',
      'not-https': 'Das ist keine Webadresse, die mit https:// beginnt.',
      'not-loadable': 'Die Adresse des Bildes muss mit https:// beginnen.',
      'not-id': 'Nur Kleinbuchstaben, Ziffern und Bindestriche, ohne Bindestrich am Anfang oder Ende.',
      'not-language': 'Das ist kein Sprachkürzel wie de oder de-AT.',
      'not-zone': 'Das ist keine Zeitzone wie Europe/Berlin.',
      'too-many': 'Das sind zu viele Personen.',
    },
    answers: {
      taken: 'Eine andere Berichterstattung hat oder hatte diese Adresse schon. Wählen Sie eine andere.',
      'not-stored':
        'Es konnte gerade nicht gespeichert werden. Was Sie geschrieben haben, steht noch hier. Versuchen Sie es wieder.',
      'changed-meanwhile':
        'Jemand anderes hat die Berichterstattung inzwischen geändert. Felder, die Sie nicht angefasst haben, stehen jetzt so da, wie sie sind. Sehen Sie sie durch und speichern Sie dann wieder.',
    },
    notYours: (ids) => `Sie dürfen Berichterstattung nur unter diesen Adressen öffnen: ${ids}`,
    refused: 'Der Server hat es nicht angenommen:',
    later: 'Es liegt auf diesem Gerät und wird gesendet, sobald der Server erreichbar ist.',
    slowPicture:
      'Das Hochladen des Bildes dauert. Sie können dies schließen: Was Sie gespeichert haben, bleibt auf diesem Gerät und geht von selbst hinaus.',
  },
  fr: {
    headline: 'Titre',
    standfirst: 'Chapeau',
    section: 'Rubrique',
    byline: 'Signature',
    bylineHint: 'Une personne par ligne. Une fonction peut suivre après une virgule.',
    access: 'Qui peut le lire',
    language: 'Langue',
    languageHint: 'Par exemple fr ou fr-CH',
    timezone: 'Fuseau horaire',
    timezoneHint: 'Par exemple Europe/Paris',
    startsAt: 'Début prévu',
    startsAtHint: (zone) => `À l’heure de ${zone}`,
    id: 'Adresse',
    idHint: 'Minuscules, chiffres et traits d’union. Elle ne pourra plus être changée.',
    state: 'Début',
    beginsNow: 'Maintenant, en direct',
    beginsLater: 'Plus tard, annoncé',
    more: 'Rubrique, signature, langue, adresse, photo',
    pictureUrl: 'Adresse de la photo',
    pictureUrlHint: 'Commence par https://',
    pictureAlt: 'Ce que montre la photo',
    pictureAltHint: 'Pour les lecteurs qui ne la voient pas',
    pictureCaption: 'Légende',
    pictureCredit: 'Crédit',
    url: 'Page du direct sur votre propre site',
    urlHint: 'Les liens vers les messages y mènent alors.',
    changeKind: 'Quel genre de modification est-ce ?',
    changeKinds: {
      correction: 'Nous nous sommes trompés',
      clarification: 'Ce n’était pas clair',
      update: 'Il y a du nouveau',
      refile: 'Faute de frappe',
    },
    changeNote: 'Note pour les lecteurs',
    changeNoteHint: 'Les lecteurs la voient avec la modification.',
    open: 'Ouvrir le direct',
    save: 'Enregistrer',
    saving: 'Enregistrement…',
    cancel: 'Annuler',
    close: 'Fermer',
    faults: {
      missing: 'Ce champ est nécessaire.',
      'too-long': 'C’est trop long.',
      'not-plain': 'Il y a des caractères qui ne peuvent pas être affichés.',
      'not-https': 'Ce n’est pas une adresse web qui commence par https://.',
      'not-loadable': 'L’adresse de la photo doit commencer par https://.',
      'not-id': 'Des minuscules, des chiffres et des traits d’union, sans trait d’union au début ni à la fin.',
      'not-language': 'Ce n’est pas un code de langue comme fr ou fr-CH.',
      'not-zone': 'Ce n’est pas un fuseau horaire comme Europe/Paris.',
      'too-many': 'Il y a trop de personnes.',
    },
    answers: {
      taken: 'Un autre direct a ou a eu cette adresse. Choisissez-en une autre.',
      'not-stored': 'L’enregistrement n’a pas été possible. Ce que vous avez écrit est encore là. Réessayez.',
      'changed-meanwhile':
        'Un collègue a modifié le direct entre-temps. Les champs que vous n’avez pas touchés sont à jour. Vérifiez-les, puis enregistrez de nouveau.',
    },
    notYours: (ids) => `Vous ne pouvez ouvrir un direct qu’à ces adresses : ${ids}`,
    refused: 'Le serveur ne l’a pas accepté :',
    later: 'C’est gardé sur cet appareil et part dès que le serveur est joignable.',
    slowPicture:
      'L’envoi de l’image prend du temps. Vous pouvez fermer : ce que vous avez enregistré reste sur cet appareil et part de lui-même.',
  },
  es: {
    headline: 'Titular',
    standfirst: 'Entradilla',
    section: 'Sección',
    byline: 'Firma',
    bylineHint: 'Una persona por línea. Tras una coma puede ir su función.',
    access: 'Quién puede leerla',
    language: 'Idioma',
    languageHint: 'Por ejemplo es o es-MX',
    timezone: 'Zona horaria',
    timezoneHint: 'Por ejemplo Europe/Madrid',
    startsAt: 'Inicio previsto',
    startsAtHint: (zone) => `Según la hora de ${zone}`,
    id: 'Dirección',
    idHint: 'Minúsculas, cifras y guiones. Después no se puede cambiar.',
    state: 'Inicio',
    beginsNow: 'Ahora, en directo',
    beginsLater: 'Más tarde, anunciada',
    more: 'Sección, firma, idioma, dirección, foto',
    pictureUrl: 'Dirección de la foto',
    pictureUrlHint: 'Empieza por https://',
    pictureAlt: 'Qué muestra la foto',
    pictureAltHint: 'Para los lectores que no la ven',
    pictureCaption: 'Pie de foto',
    pictureCredit: 'Crédito',
    url: 'Página de la cobertura en su propio sitio',
    urlHint: 'Los enlaces a las entradas llevan entonces allí.',
    changeKind: '¿Qué clase de cambio es?',
    changeKinds: { correction: 'Nos equivocamos', clarification: 'No estaba claro', update: 'Hay algo nuevo', refile: 'Errata' },
    changeNote: 'Nota para los lectores',
    changeNoteHint: 'Los lectores la ven junto al cambio.',
    open: 'Abrir la cobertura',
    save: 'Guardar',
    saving: 'Guardando…',
    cancel: 'Cancelar',
    close: 'Cerrar',
    faults: {
      missing: 'Este dato es necesario.',
      'too-long': 'Es demasiado largo.',
      'not-plain': 'Contiene caracteres que no se pueden mostrar.',
      'not-https': 'No es una dirección web que empiece por https://.',
      'not-loadable': 'La dirección de la foto debe empezar por https://.',
      'not-id': 'Use minúsculas, cifras y guiones, sin guion al principio ni al final.',
      'not-language': 'No es un código de idioma como es o es-MX.',
      'not-zone': 'No es una zona horaria como Europe/Madrid.',
      'too-many': 'Son demasiadas personas.',
    },
    answers: {
      taken: 'Otra cobertura tiene o tuvo esta dirección. Elija otra.',
      'not-stored': 'No se pudo guardar ahora. Lo que ha escrito sigue aquí. Inténtelo de nuevo.',
      'changed-meanwhile':
        'Un compañero modificó la cobertura entretanto. Los campos que usted no tocó están como están ahora. Revíselos y guarde de nuevo.',
    },
    notYours: (ids) => `Solo puede abrir coberturas en estas direcciones: ${ids}`,
    refused: 'El servidor no lo aceptó:',
    later: 'Queda en este dispositivo y se envía en cuanto se pueda contactar con el servidor.',
    slowPicture:
      'La imagen tarda en subirse. Puede cerrar esto: lo que ha guardado queda en este dispositivo y sale por sí solo.',
  },
  ar: {
    headline: 'العنوان',
    standfirst: 'المقدمة',
    section: 'القسم',
    byline: 'أسماء الكتاب',
    bylineHint: 'شخص واحد في كل سطر. يمكن أن يتبعه دوره بعد فاصلة لاتينية.',
    access: 'من يحق له قراءتها',
    language: 'اللغة',
    languageHint: 'مثل ar أو ar-EG',
    timezone: 'المنطقة الزمنية',
    timezoneHint: 'مثل Africa/Cairo',
    startsAt: 'موعد البدء',
    startsAtHint: (zone) => `بتوقيت ${zone}`,
    id: 'العنوان الشبكي',
    idHint: 'حروف لاتينية صغيرة وأرقام وشرطات. لا يمكن تغييره لاحقا.',
    state: 'البدء',
    beginsNow: 'الآن، مباشر',
    beginsLater: 'لاحقا، معلن عنها',
    more: 'القسم والأسماء واللغة والعنوان الشبكي والصورة',
    pictureUrl: 'عنوان الصورة',
    pictureUrlHint: 'يبدأ بـ https://',
    pictureAlt: 'ما تظهره الصورة',
    pictureAltHint: 'للقراء الذين لا يرونها',
    pictureCaption: 'التعليق',
    pictureCredit: 'المصدر',
    url: 'صفحة التغطية على موقعكم',
    urlHint: 'تقود روابط المنشورات إليها.',
    changeKind: 'ما نوع التعديل؟',
    changeKinds: { correction: 'كنا مخطئين', clarification: 'لم يكن واضحا', update: 'هناك جديد', refile: 'خطأ مطبعي' },
    changeNote: 'ملاحظة للقراء',
    changeNoteHint: 'يراها القراء مع التعديل.',
    open: 'فتح التغطية',
    save: 'حفظ',
    saving: 'جار الحفظ…',
    cancel: 'إلغاء',
    close: 'إغلاق',
    faults: {
      missing: 'هذا الحقل مطلوب.',
      'too-long': 'هذا طويل جدا.',
      'not-plain': 'يحتوي على رموز لا يمكن عرضها.',
      'not-https': 'هذا ليس عنوانا يبدأ بـ https://.',
      'not-loadable': 'يجب أن يبدأ عنوان الصورة بـ https://.',
      'not-id': 'حروف لاتينية صغيرة وأرقام وشرطات، دون شرطة في البداية أو النهاية.',
      'not-language': 'هذا ليس رمز لغة مثل ar أو ar-EG.',
      'not-zone': 'هذه ليست منطقة زمنية مثل Africa/Cairo.',
      'too-many': 'عدد الأشخاص أكبر من المسموح.',
    },
    answers: {
      taken: 'لتغطية أخرى هذا العنوان أو كان لها. اختر عنوانا آخر.',
      'not-stored': 'تعذر الحفظ الآن. ما كتبته ما زال هنا. حاول مرة أخرى.',
      'changed-meanwhile': 'عدل زميل التغطية في هذه الأثناء. الحقول التي لم تلمسها هي كما هي الآن. راجعها ثم احفظ من جديد.',
    },
    notYours: (ids) => `لا يحق لك فتح تغطية إلا بهذه العناوين: ${ids}`,
    refused: 'لم يقبله الخادم:',
    later: 'محفوظ على هذا الجهاز ويرسل فور إمكان الوصول إلى الخادم.',
    slowPicture: 'يستغرق رفع الصورة وقتًا. يمكنك الإغلاق: ما حفظته باقٍ على هذا الجهاز ويُرسل تلقائيًا.',
  },
};
