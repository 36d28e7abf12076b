import type { ProblemCode } from '../../../../src/protocol/problems.ts';
import type { Language } from '../../i18n/languages.ts';

/** The words for pictures of this device. */
export interface PicturesWords {
  add: string;
  /** Opens the camera. */
  take: string;
  remove: string;
  dropHere: string;
  /** Announced to screen readers. */
  added: string;
  decorative: string;
  waiting: string;
  uploading: (percent: string) => string;
  uploaded: string;
  /** The device no longer has it. */
  gone: string;
  retry: string;
  /** Advice for each refusal. The title of the problem is shown for other codes. */
  helps: Partial<Record<ProblemCode, string>>;
  problems: Record<'full' | 'not-stored' | 'no-picture', string>;
  nearlyFull: string;
  ofSpace: (used: string, most: string) => string;
}

export function picturesWordsIn(language: Language): PicturesWords {
  return byLanguage[language];
}

const byLanguage: Readonly<Record<Language, PicturesWords>> = {
  en: {
    add: 'Picture from this device',
    take: 'Take a picture',
    remove: 'Remove the picture',
    dropHere: 'Drop the picture here.',
    added: 'The picture is on this device. Describe it for readers who do not see it.',
    decorative: 'Only decorative, needs no description',
    waiting: 'Saved on this device, will be uploaded',
    uploading: (percent) => `Is being uploaded: ${percent}`,
    uploaded: 'Uploaded',
    gone: 'This picture is no longer on this device. Remove it, and add it again.',
    retry: 'Try again',
    helps: {
      'too-large': 'The picture is too large. Add a smaller one.',
      'wrong-type': 'Pictures of this type are not accepted. Save it as JPEG or PNG, and add it again.',
      'media-unreadable': 'The file is damaged and cannot be read. Add another one.',
      'media-full': 'There is no room left for uploads in this coverage. Use a picture by its address.',
      'uploads-disabled': 'This server takes no pictures. Use a picture by its address, and remove this one.',
      'media-unavailable': 'The server cannot take pictures at the moment. It is tried again by itself.',
      'rate-limited': 'The server asks to wait. It is tried again by itself.',
      forbidden: 'You may not add pictures to this coverage.',
      'not-found': 'The coverage does not exist, or you may no longer see it.',
      'channel-deleted': 'The coverage was deleted.',
    },
    problems: {
      full: 'There is no room for this picture. It was not added, and your text stays. Publish or discard posts with pictures first.',
      'not-stored': 'The picture could not be stored on this device, so it was not added. Your text stays.',
      'no-picture': 'Only pictures can be added here.',
    },
    nearlyFull: 'The room for pictures on this device is nearly full. Pictures leave it once readers have their posts.',
    ofSpace: (used, most) => `(${used} of ${most})`,
  },
  de: {
    add: 'Bild von diesem Gerät',
    take: 'Bild aufnehmen',
    remove: 'Bild entfernen',
    dropHere: 'Bild hier ablegen.',
    added: 'Das Bild ist auf diesem Gerät. Beschreiben Sie es für alle, die es nicht sehen.',
    decorative: 'Nur Schmuck, braucht keine Beschreibung',
    waiting: 'Auf diesem Gerät gespeichert, wird hochgeladen',
    uploading: (percent) => `Wird hochgeladen: ${percent}`,
    uploaded: 'Hochgeladen',
    gone: 'Dieses Bild ist nicht mehr auf diesem Gerät. Entfernen Sie es, und fügen Sie es noch einmal hinzu.',
    retry: 'Noch einmal versuchen',
    helps: {
      'too-large': 'Das Bild ist zu groß. Nehmen Sie ein kleineres.',
      'wrong-type': 'Bilder dieser Art werden nicht angenommen. Speichern Sie es als JPEG oder PNG.',
      'media-unreadable': 'Die Datei ist beschädigt und nicht lesbar. Nehmen Sie eine andere.',
      'media-full': 'In dieser Berichterstattung ist kein Platz mehr für Bilder. Verwenden Sie ein Bild über seine Adresse.',
      'uploads-disabled':
        'Dieser Server nimmt keine Bilder an. Verwenden Sie ein Bild über seine Adresse, und entfernen Sie dieses.',
      'media-unavailable': 'Der Server nimmt gerade keine Bilder an. Es wird von selbst noch einmal versucht.',
      'rate-limited': 'Der Server bittet zu warten. Es wird von selbst noch einmal versucht.',
      forbidden: 'Sie dürfen dieser Berichterstattung keine Bilder hinzufügen.',
      'not-found': 'Die Berichterstattung gibt es nicht, oder Sie dürfen sie nicht mehr sehen.',
      'channel-deleted': 'Die Berichterstattung wurde gelöscht.',
    },
    problems: {
      full: 'Für dieses Bild ist kein Platz. Es wurde nicht hinzugefügt, Ihr Text bleibt. Veröffentlichen oder verwerfen Sie zuerst Beiträge mit Bildern.',
      'not-stored': 'Das Bild konnte auf diesem Gerät nicht gespeichert werden und wurde nicht hinzugefügt. Ihr Text bleibt.',
      'no-picture': 'Hier können nur Bilder hinzugefügt werden.',
    },
    nearlyFull: 'Der Platz für Bilder auf diesem Gerät ist fast voll. Er wird frei, sobald das Publikum die Beiträge hat.',
    ofSpace: (used, most) => `(${used} von ${most})`,
  },
  fr: {
    add: 'Photo de cet appareil',
    take: 'Prendre une photo',
    remove: 'Retirer l’image',
    dropHere: 'Déposez la photo ici.',
    added: 'La photo est sur cet appareil. Décrivez-la pour les lecteurs qui ne la voient pas.',
    decorative: 'Purement décorative, sans description',
    waiting: 'Enregistrée sur cet appareil, sera envoyée',
    uploading: (percent) => `Envoi en cours : ${percent}`,
    uploaded: 'Envoyée',
    gone: 'Cette photo n’est plus sur cet appareil. Retirez-la et ajoutez-la de nouveau.',
    retry: 'Réessayer',
    helps: {
      'too-large': 'La photo est trop grande. Ajoutez-en une plus petite.',
      'wrong-type': 'Ce type de photo n’est pas accepté. Enregistrez-la en JPEG ou PNG, puis ajoutez-la de nouveau.',
      'media-unreadable': 'Le fichier est endommagé et illisible. Ajoutez-en un autre.',
      'media-full': 'Il n’y a plus de place pour les photos dans ce direct. Utilisez une photo par son adresse.',
      'uploads-disabled': 'Ce serveur n’accepte pas de photos. Utilisez une photo par son adresse et retirez celle-ci.',
      'media-unavailable': 'Le serveur ne peut pas recevoir de photos pour le moment. Un nouvel essai aura lieu.',
      'rate-limited': 'Le serveur demande d’attendre. Un nouvel essai aura lieu.',
      forbidden: 'Vous ne pouvez pas ajouter de photos à ce direct.',
      'not-found': 'Le direct n’existe pas, ou vous ne pouvez plus le voir.',
      'channel-deleted': 'Le direct a été supprimé.',
    },
    problems: {
      full: 'Il n’y a pas de place pour cette photo. Elle n’a pas été ajoutée, votre texte reste. Publiez ou supprimez d’abord des messages avec photos.',
      'not-stored': 'La photo n’a pas pu être enregistrée sur cet appareil et n’a pas été ajoutée. Votre texte reste.',
      'no-picture': 'Seules des photos peuvent être ajoutées ici.',
    },
    nearlyFull:
      'La place pour les photos sur cet appareil est presque épuisée. Elle se libère dès que les lecteurs ont les messages.',
    ofSpace: (used, most) => `(${used} sur ${most})`,
  },
  es: {
    add: 'Foto de este dispositivo',
    take: 'Hacer una foto',
    remove: 'Quitar la imagen',
    dropHere: 'Suelte la foto aquí.',
    added: 'La foto está en este dispositivo. Descríbala para los lectores que no la ven.',
    decorative: 'Solo decorativa, no necesita descripción',
    waiting: 'Guardada en este dispositivo, se subirá',
    uploading: (percent) => `Se está subiendo: ${percent}`,
    uploaded: 'Subida',
    gone: 'Esta foto ya no está en este dispositivo. Quítela y añádala de nuevo.',
    retry: 'Reintentar',
    helps: {
      'too-large': 'La foto es demasiado grande. Añada una más pequeña.',
      'wrong-type': 'No se aceptan fotos de este tipo. Guárdela como JPEG o PNG y añádala de nuevo.',
      'media-unreadable': 'El archivo está dañado y no se puede leer. Añada otro.',
      'media-full': 'No queda espacio para fotos en esta cobertura. Use una foto por su dirección.',
      'uploads-disabled': 'Este servidor no admite fotos. Use una foto por su dirección y quite esta.',
      'media-unavailable': 'El servidor no puede recibir fotos en este momento. Se intentará de nuevo.',
      'rate-limited': 'El servidor pide esperar. Se intentará de nuevo.',
      forbidden: 'No puede añadir fotos a esta cobertura.',
      'not-found': 'La cobertura no existe, o ya no puede verla.',
      'channel-deleted': 'La cobertura fue eliminada.',
    },
    problems: {
      full: 'No hay espacio para esta foto. No se ha añadido y su texto se conserva. Publique o descarte antes mensajes con fotos.',
      'not-stored': 'La foto no se ha podido guardar en este dispositivo y no se ha añadido. Su texto se conserva.',
      'no-picture': 'Aquí solo se pueden añadir fotos.',
    },
    nearlyFull: 'El espacio para fotos en este dispositivo está casi lleno. Se libera cuando los lectores tienen los mensajes.',
    ofSpace: (used, most) => `(${used} de ${most})`,
  },
  ar: {
    add: 'صورة من هذا الجهاز',
    take: 'التقاط صورة',
    remove: 'إزالة الصورة',
    dropHere: 'أفلت الصورة هنا.',
    added: 'الصورة على هذا الجهاز. صِفها للقراء الذين لا يرونها.',
    decorative: 'للزينة فقط، لا تحتاج إلى وصف',
    waiting: 'محفوظة على هذا الجهاز، وستُرفع',
    uploading: (percent) => `جارٍ الرفع: ${percent}`,
    uploaded: 'رُفعت',
    gone: 'لم تعد هذه الصورة على هذا الجهاز. أزلها وأضفها من جديد.',
    retry: 'حاول مرة أخرى',
    helps: {
      'too-large': 'الصورة كبيرة جدًا. أضف صورة أصغر.',
      'wrong-type': 'لا تُقبل الصور من هذا النوع. احفظها بصيغة JPEG أو PNG وأضفها من جديد.',
      'media-unreadable': 'الملف تالف ولا يمكن قراءته. أضف ملفًا آخر.',
      'media-full': 'لم يبق مكان للصور في هذه التغطية. استخدم صورة بعنوانها.',
      'uploads-disabled': 'هذا الخادم لا يقبل الصور. استخدم صورة بعنوانها وأزل هذه.',
      'media-unavailable': 'لا يستطيع الخادم استقبال الصور الآن. ستُعاد المحاولة تلقائيًا.',
      'rate-limited': 'يطلب الخادم الانتظار. ستُعاد المحاولة تلقائيًا.',
      forbidden: 'لا يمكنك إضافة صور إلى هذه التغطية.',
      'not-found': 'التغطية غير موجودة، أو لم تعد رؤيتها مسموحة لك.',
      'channel-deleted': 'حُذفت التغطية.',
    },
    problems: {
      full: 'لا مكان لهذه الصورة. لم تُضف، ونصك باقٍ. انشر أولًا منشورات فيها صور أو احذفها.',
      'not-stored': 'تعذر حفظ الصورة على هذا الجهاز فلم تُضف. نصك باقٍ.',
      'no-picture': 'لا يمكن إضافة غير الصور هنا.',
    },
    nearlyFull: 'أوشك مكان الصور على هذا الجهاز على الامتلاء. يفرغ المكان حين تصل المنشورات إلى القراء.',
    ofSpace: (used, most) => `(${used} من ${most})`,
  },
};
