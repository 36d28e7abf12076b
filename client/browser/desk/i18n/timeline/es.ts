import type { TimelineWords } from './words.ts';

export const timelineWords: TimelineWords = {
  timeline: 'Mensajes de esta cobertura',
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
  inNewTab: 'en una pestaña nueva',
  changedBy: (names) => `de ${names}`,
};
