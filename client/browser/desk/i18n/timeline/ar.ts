import type { TimelineWords } from './words.ts';

export const timelineWords: TimelineWords = {
  timeline: 'منشورات هذه التغطية',
  read: 'اقرأ النص',
  edit: 'تحرير أو تصحيح',
  pin: 'تثبيت',
  unpin: 'إلغاء التثبيت',
  retract: 'سحب',
  takedown: 'محو',
  nextPost: 'المنشور التالي',
  previousPost: 'المنشور السابق',
  editPost: 'تحرير المنشور المحدد أو تصحيحه',
  loading: 'جارٍ تحميل المنشورات.',
  offline: 'لا يمكن تحميل المنشورات بلا اتصال. يمكنك الكتابة: ما تنشره يبقى على هذا الجهاز ويخرج عند عودة الاتصال.',
  noCoverage: 'لا توجد هذه التغطية على الخادم، أو لا يحق لك الاطلاع عليها.',
  notLoaded: 'تعذر تحميل المنشورات. حاول مرة أخرى.',
  retractedText: 'النص المسحوب',
  onlyNewsroom: 'لا تراه إلا غرفة الأخبار. يرى القراء الملاحظة.',
  textNotLoaded: 'تعذر تحميل النص.',
  inNewTab: 'في علامة تبويب جديدة',
  changedBy: (names) => `بواسطة ${names}`,
};
