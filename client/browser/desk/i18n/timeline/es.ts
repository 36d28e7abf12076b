import type { TimelineWords } from './words.ts';

export const timelineWords: TimelineWords = {
  timeline: 'Mensajes de esta cobertura',
  read: 'Leer el texto',
  edit: 'Editar o corregir',
  pin: 'Fijar',
  unpin: 'Dejar de fijar',
  retract: 'Retirar',
  takedown: 'Borrar',
  nextPost: 'Mensaje siguiente',
  previousPost: 'Mensaje anterior',
  editPost: 'Editar o corregir el mensaje seleccionado',
  loading: 'Cargando los mensajes.',
  offline:
    'Los mensajes no se pueden cargar sin conexión. Puede escribir: lo que publique queda en este dispositivo y sale en cuanto vuelva la conexión.',
  noCoverage: 'El servidor no tiene esta cobertura, o usted no puede leerla.',
  notLoaded: 'No se han podido cargar los mensajes. Inténtelo de nuevo.',
  retractedText: 'El texto retractado',
  onlyNewsroom: 'Solo lo ve su redacción. Los lectores ven la nota.',
  textNotLoaded: 'No se pudo cargar el texto.',
  inNewTab: 'en una pestaña nueva',
  changedBy: (names) => `de ${names}`,
};
