import type { TimelineWords } from './words.ts';

export const timelineWords: TimelineWords = {
  timeline: 'Messages de ce direct',
  read: 'Lire le texte',
  edit: 'Modifier ou corriger',
  pin: 'Épingler',
  unpin: 'Désépingler',
  retract: 'Retirer',
  takedown: 'Effacer',
  nextPost: 'Message suivant',
  previousPost: 'Message précédent',
  editPost: 'Modifier ou corriger le message sélectionné',
  loading: 'Chargement des messages.',
  offline:
    'Les messages ne peuvent pas être chargés sans connexion. Vous pouvez écrire : ce que vous publiez reste sur cet appareil et part dès le retour de la connexion.',
  noCoverage: 'Le serveur n’a pas de tel direct, ou vous n’avez pas le droit de le lire.',
  notLoaded: 'Les messages n’ont pas pu être chargés. Réessayez.',
  retractedText: 'Le texte rétracté',
  onlyNewsroom: 'Seule votre rédaction le voit. Les lecteurs voient la note.',
  textNotLoaded: 'Le texte n’a pas pu être chargé.',
  inNewTab: 'dans un nouvel onglet',
  changedBy: (names) => `par ${names}`,
};
