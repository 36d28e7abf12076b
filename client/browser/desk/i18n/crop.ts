import type { Language } from '../../i18n/languages.ts';

/** The words of the dialog that crops a picture. */
export interface CropWords {
  title: string;
  /** Names the rectangle for screen readers. */
  kept: string;
  keysHelp: string;
  /** Says what the rectangle contains. `left` and `top` are percentages. */
  part: (size: { width: string; height: string; left: string; top: string }) => string;
  ratio: string;
  anyRatio: string;
  smaller: string;
  larger: string;
  wholePicture: string;
  crop: string;
  cancel: string;
  cannotCrop: string;
}

export function cropWordsIn(language: Language): CropWords {
  return byLanguage[language];
}

const byLanguage: Readonly<Record<Language, CropWords>> = {
  en: {
    title: 'Crop the picture',
    kept: 'Part that is kept',
    keysHelp: 'The arrow keys move the part that is kept. With Shift they change its size.',
    part: ({ width, height, left, top }) => `${width} × ${height} pixels, ${left} from the left and ${top} from the top`,
    ratio: 'Shape',
    anyRatio: 'Any',
    smaller: 'Smaller',
    larger: 'Larger',
    wholePicture: 'Whole picture',
    crop: 'Crop',
    cancel: 'Cancel',
    cannotCrop: 'This picture cannot be cropped here, because it moves or because this browser cannot open it.',
  },
  de: {
    title: 'Bild zuschneiden',
    kept: 'Ausschnitt, der bleibt',
    keysHelp: 'Die Pfeiltasten verschieben den Ausschnitt. Mit der Umschalttaste ändern sie seine Größe.',
    part: ({ width, height, left, top }) => `${width} × ${height} Pixel, ${left} von links und ${top} von oben`,
    ratio: 'Format',
    anyRatio: 'Frei',
    smaller: 'Kleiner',
    larger: 'Größer',
    wholePicture: 'Ganzes Bild',
    crop: 'Zuschneiden',
    cancel: 'Abbrechen',
    cannotCrop: 'Dieses Bild lässt sich hier nicht zuschneiden, weil es sich bewegt oder dieser Browser es nicht öffnen kann.',
  },
  fr: {
    title: 'Recadrer l’image',
    kept: 'Partie conservée',
    keysHelp: 'Les flèches du clavier déplacent la partie conservée. Avec Maj, elles changent sa taille.',
    part: ({ width, height, left, top }) => `${width} × ${height} pixels, à ${left} de la gauche et ${top} du haut`,
    ratio: 'Format',
    anyRatio: 'Libre',
    smaller: 'Plus petit',
    larger: 'Plus grand',
    wholePicture: 'Image entière',
    crop: 'Recadrer',
    cancel: 'Annuler',
    cannotCrop: 'Cette image ne peut pas être recadrée ici, car elle est animée ou ce navigateur ne peut pas l’ouvrir.',
  },
  es: {
    title: 'Recortar la imagen',
    kept: 'Parte que se conserva',
    keysHelp: 'Las flechas del teclado mueven la parte que se conserva. Con Mayús cambian su tamaño.',
    part: ({ width, height, left, top }) => `${width} × ${height} píxeles, a ${left} de la izquierda y ${top} de arriba`,
    ratio: 'Formato',
    anyRatio: 'Libre',
    smaller: 'Más pequeña',
    larger: 'Más grande',
    wholePicture: 'Imagen entera',
    crop: 'Recortar',
    cancel: 'Cancelar',
    cannotCrop: 'Esta imagen no se puede recortar aquí, porque está animada o porque este navegador no puede abrirla.',
  },
  ar: {
    title: 'قص الصورة',
    kept: 'الجزء الذي يبقى',
    keysHelp: 'تحرّك مفاتيح الأسهم الجزء الذي يبقى، وتغيّر حجمه مع مفتاح Shift.',
    part: ({ width, height, left, top }) => `${width} × ${height} بكسل، على بُعد ${left} من اليسار و${top} من الأعلى`,
    ratio: 'الشكل',
    anyRatio: 'حر',
    smaller: 'أصغر',
    larger: 'أكبر',
    wholePicture: 'الصورة كاملة',
    crop: 'قص',
    cancel: 'إلغاء',
    cannotCrop: 'لا يمكن قص هذه الصورة هنا، لأنها متحركة أو لأن هذا المتصفح لا يستطيع فتحها.',
  },
};
