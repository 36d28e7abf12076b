import type { Language } from './languages.ts';

/** The words of a gallery whose pictures are shown one at a time. Loaded with it. */
export interface GalleryWords {
  pictures: string;
  previous: string;
  next: string;
  close: string;
  /** Which of the pictures is shown, such as `2 / 6`. */
  position(number: string, count: string): string;
}

const fraction = (number: string, count: string) => `${number} / ${count}`;

export const galleryWords: Readonly<Record<Language, GalleryWords>> = {
  ar: {
    pictures: 'الصور',
    previous: 'الصورة السابقة',
    next: 'الصورة التالية',
    close: 'إغلاق',
    position: (number, count) => `${number} من ${count}`,
  },
  de: { pictures: 'Bilder', previous: 'Vorheriges Bild', next: 'Nächstes Bild', close: 'Schließen', position: fraction },
  en: { pictures: 'Pictures', previous: 'Previous picture', next: 'Next picture', close: 'Close', position: fraction },
  es: { pictures: 'Imágenes', previous: 'Imagen anterior', next: 'Imagen siguiente', close: 'Cerrar', position: fraction },
  fr: { pictures: 'Images', previous: 'Image précédente', next: 'Image suivante', close: 'Fermer', position: fraction },
};
