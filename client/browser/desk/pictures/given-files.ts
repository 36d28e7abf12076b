import { isPicture } from './picture-choosers.ts';

/** A form that takes pictures which are dropped onto it or pasted into it. */
export interface PictureTaker {
  isInForm(event: Event): boolean;
  /** Whether files are being dragged over the form. */
  setOver(isOver: boolean): void;
  /** Gets all files of a drop, whatever they are. */
  take(files: File[]): void;
}

/** Forms that take pictures. Elsewhere on the page a drop does nothing, because the file would replace the page. */
const forms = '.composer-form, desk-coverage-form';

/** Follows files that are dragged over the page and pasted. Returns its own undo. */
export function followGivenFiles({ isInForm, setOver, take }: PictureTaker): () => void {
  const leaving = new AbortController();
  const options = { capture: true, signal: leaving.signal };
  document.addEventListener('dragover', dragOver, options);
  document.addEventListener('drop', drop, options);
  document.addEventListener('dragleave', ({ relatedTarget }) => relatedTarget === null && setOver(false), options);
  document.addEventListener('paste', paste, options);
  return () => leaving.abort();

  function dragOver(event: DragEvent): void {
    const { dataTransfer, target } = event;
    if (!hasFiles(dataTransfer)) return;
    event.preventDefault();
    setOver(isInForm(event));
    const isInSome = target instanceof Element && target.closest(forms) !== null;
    if (dataTransfer && !isInSome) dataTransfer.dropEffect = 'none';
  }

  function drop(event: DragEvent): void {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    setOver(false);
    if (!isInForm(event)) return;
    event.stopPropagation();
    take([...(event.dataTransfer?.files ?? [])]);
  }

  /** Text that was copied in a word processor has a picture of itself beside it. */
  function paste(event: ClipboardEvent): void {
    const files = [...(event.clipboardData?.files ?? [])].filter(isPicture);
    if (files.length === 0 || event.clipboardData?.getData('text/plain') || !isInForm(event)) return;
    event.preventDefault();
    event.stopPropagation();
    take(files);
  }
}

function hasFiles(data: DataTransfer | null): boolean {
  return data?.types.includes('Files') ?? false;
}
