import type { Language } from './languages.ts';

/** The words of a gallery whose pictures are shown one at a time. Loaded with it. */
export interface GalleryWords {
  pictures: string;
  previous: string;
  next: string;
  close: string;
}

export const galleryWords: Readonly<Record<Language, GalleryWords>> = {
  ar: { pictures: 'الصور', previous: 'الصورة السابقة', next: 'الصورة التالية', close: 'إغلاق' },
  de: { pictures: 'Bilder', previous: 'Vorheriges Bild', next: 'Nächstes Bild', close: 'Schließen' },
  en: { pictures: 'Pictures', previous: 'Previous picture', next: 'Next picture', close: 'Close' },
  es: { pictures: 'Imágenes', previous: 'Imagen anterior', next: 'Imagen siguiente', close: 'Cerrar' },
  fr: { pictures: 'Images', previous: 'Image précédente', next: 'Image suivante', close: 'Fermer' },
};
