import type { Language } from '../../i18n/languages.ts';

/** The words of the dialog that crops a picture. */
export interface CropWords {
  title: string;
  /** Names the rectangle for screen readers. */
  kept: string;
  keysHelp: string;
  /** Names the mark for screen readers. */
  focus: string;
  pressHelp: string;
  /** Says where that point is. Percentages. */
  focusAt: (place: { left: string; top: string }) => string;
  /** Says what the rectangle contains. `left` and `top` are percentages. */
  part: (size: { width: string; height: string; left: string; top: string }) => string;
  ratio: string;
  anyRatio: string;
  smaller: string;
  larger: string;
  wholePicture: string;
  crop: string;
  /** Opens the dialog for the point alone. */
  chooseFocus: string;
  setFocus: string;
  cancel: string;
  cannotCrop: string;
  /** In place of a picture whose point is to be set. */
  notLoaded: string;
  notStored: string;
}

export function cropWordsIn(language: Language): CropWords {
  return byLanguage[language];
}

const byLanguage: Readonly<Record<Language, CropWords>> = {
  en: {
    title: 'Crop the picture',
    kept: 'Part that is kept',
    keysHelp: 'The arrow keys move the part that is kept. With Shift they change its size.',
    focus: 'Point that stays in view',
    pressHelp:
      'Press the point that must stay in view where pages crop the picture further, such as a face. The arrow keys move its mark.',
    focusAt: ({ left, top }) => `In view: ${left} from the left and ${top} from the top`,
    part: ({ width, height, left, top }) => `${width} × ${height} pixels, ${left} from the left and ${top} from the top`,
    ratio: 'Shape',
    anyRatio: 'Any',
    smaller: 'Smaller',
    larger: 'Larger',
    wholePicture: 'Whole picture',
    crop: 'Crop',
    chooseFocus: 'Point in view',
    setFocus: 'Set',
    cancel: 'Cancel',
    notStored: 'The crop could not be stored on this device. Try again.',
    cannotCrop: 'This picture cannot be cropped here, because it moves or because this browser cannot open it.',
    notLoaded: 'The picture cannot be loaded, so the point cannot be set here.',
  },
  de: {
    title: 'Bild zuschneiden',
    kept: 'Ausschnitt, der bleibt',
    keysHelp: 'Die Pfeiltasten verschieben den Ausschnitt. Mit der Umschalttaste ändern sie seine Größe.',
    focus: 'Punkt, der sichtbar bleibt',
    pressHelp:
      'Klicken oder tippen Sie auf den Punkt, der sichtbar bleiben muss, wo Seiten das Bild weiter beschneiden, etwa ein Gesicht. Die Pfeiltasten verschieben seine Marke.',
    focusAt: ({ left, top }) => `Sichtbar: ${left} von links und ${top} von oben`,
    part: ({ width, height, left, top }) => `${width} × ${height} Pixel, ${left} von links und ${top} von oben`,
    ratio: 'Format',
    anyRatio: 'Frei',
    smaller: 'Kleiner',
    larger: 'Größer',
    wholePicture: 'Ganzes Bild',
    crop: 'Zuschneiden',
    chooseFocus: 'Sichtbarer Punkt',
    setFocus: 'Festlegen',
    cancel: 'Abbrechen',
    notStored: 'Der Ausschnitt konnte auf diesem Gerät nicht gespeichert werden. Bitte noch einmal versuchen.',
    cannotCrop: 'Dieses Bild lässt sich hier nicht zuschneiden, weil es sich bewegt oder dieser Browser es nicht öffnen kann.',
    notLoaded: 'Das Bild lässt sich nicht laden, darum kann der Punkt hier nicht festgelegt werden.',
  },
  fr: {
    title: 'Recadrer l’image',
    kept: 'Partie conservée',
    keysHelp: 'Les flèches du clavier déplacent la partie conservée. Avec Maj, elles changent sa taille.',
    focus: 'Point qui reste visible',
    pressHelp:
      'Touchez le point qui doit rester visible là où les pages recadrent encore l’image, par exemple un visage. Les flèches du clavier déplacent sa marque.',
    focusAt: ({ left, top }) => `Visible : à ${left} de la gauche et ${top} du haut`,
    part: ({ width, height, left, top }) => `${width} × ${height} pixels, à ${left} de la gauche et ${top} du haut`,
    ratio: 'Format',
    anyRatio: 'Libre',
    smaller: 'Plus petit',
    larger: 'Plus grand',
    wholePicture: 'Image entière',
    crop: 'Recadrer',
    chooseFocus: 'Point visible',
    setFocus: 'Définir',
    cancel: 'Annuler',
    notStored: 'Le recadrage n’a pas pu être enregistré sur cet appareil. Réessayez.',
    cannotCrop: 'Cette image ne peut pas être recadrée ici, car elle est animée ou ce navigateur ne peut pas l’ouvrir.',
    notLoaded: 'L’image ne peut pas être chargée, le point ne peut donc pas être défini ici.',
  },
  es: {
    title: 'Recortar la imagen',
    kept: 'Parte que se conserva',
    keysHelp: 'Las flechas del teclado mueven la parte que se conserva. Con Mayús cambian su tamaño.',
    focus: 'Punto que queda a la vista',
    pressHelp:
      'Pulse el punto que debe quedar a la vista donde las páginas recortan más la imagen, por ejemplo una cara. Las flechas del teclado mueven su marca.',
    focusAt: ({ left, top }) => `A la vista: a ${left} de la izquierda y ${top} de arriba`,
    part: ({ width, height, left, top }) => `${width} × ${height} píxeles, a ${left} de la izquierda y ${top} de arriba`,
    ratio: 'Formato',
    anyRatio: 'Libre',
    smaller: 'Más pequeña',
    larger: 'Más grande',
    wholePicture: 'Imagen entera',
    crop: 'Recortar',
    chooseFocus: 'Punto a la vista',
    setFocus: 'Fijar',
    cancel: 'Cancelar',
    notStored: 'El recorte no se pudo guardar en este dispositivo. Inténtelo de nuevo.',
    cannotCrop: 'Esta imagen no se puede recortar aquí, porque está animada o porque este navegador no puede abrirla.',
    notLoaded: 'La imagen no se puede cargar, por eso el punto no se puede fijar aquí.',
  },
  ar: {
    title: 'قص الصورة',
    kept: 'الجزء الذي يبقى',
    keysHelp: 'تحرّك مفاتيح الأسهم الجزء الذي يبقى، وتغيّر حجمه مع مفتاح Shift.',
    focus: 'النقطة التي تبقى ظاهرة',
    pressHelp: 'اضغط على النقطة التي يجب أن تبقى ظاهرة حيث تقص الصفحات الصورة أكثر، كوجه مثلا. تحرّك مفاتيح الأسهم علامتها.',
    focusAt: ({ left, top }) => `ظاهرة: على بُعد ${left} من اليسار و${top} من الأعلى`,
    part: ({ width, height, left, top }) => `${width} × ${height} بكسل، على بُعد ${left} من اليسار و${top} من الأعلى`,
    ratio: 'الشكل',
    anyRatio: 'حر',
    smaller: 'أصغر',
    larger: 'أكبر',
    wholePicture: 'الصورة كاملة',
    crop: 'قص',
    chooseFocus: 'النقطة الظاهرة',
    setFocus: 'تعيين',
    cancel: 'إلغاء',
    notStored: 'تعذر حفظ القص على هذا الجهاز. حاول مرة أخرى.',
    cannotCrop: 'لا يمكن قص هذه الصورة هنا، لأنها متحركة أو لأن هذا المتصفح لا يستطيع فتحها.',
    notLoaded: 'تعذر تحميل الصورة، لذلك لا يمكن تعيين النقطة هنا.',
  },
};
