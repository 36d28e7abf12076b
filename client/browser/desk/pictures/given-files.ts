import { isPicture } from './picture-choosers.ts';

/** Takes pictures that are dropped onto a form, or a part of one, or pasted into it. */
export interface PictureTaker {
  form(): Element | null;
  /** Whether files are being dragged over it, and not over a part of it that takes pictures itself. */
  setOver(isOver: boolean): void;
  /** Gets all files of a drop, whatever they are. */
  take(files: File[]): void;
}

/** What takes pictures. Elsewhere on the page a drop does nothing, because the file would replace the page. */
const forms = '.composer-form, .composer-row[data-media="link"], desk-coverage-form';

/** Follows files that are dragged over the page and pasted. Returns its own undo. */
export function followGivenFiles({ form, setOver, take }: PictureTaker): () => void {
  const leaving = new AbortController();
  const options = { capture: true, signal: leaving.signal };
  document.addEventListener('dragover', dragOver, options);
  document.addEventListener('drop', drop, options);
  document.addEventListener('dragleave', ({ relatedTarget }) => relatedTarget === null && setOver(false), options);
  document.addEventListener('paste', paste, options);
  return () => leaving.abort();

  function dragOver(event: DragEvent): void {
    const { dataTransfer } = event;
    if (!hasFiles(dataTransfer)) return;
    event.preventDefault();
    setOver(isForIt(event));
    if (dataTransfer && formAt(event) === null) dataTransfer.dropEffect = 'none';
  }

  function drop(event: DragEvent): void {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    setOver(false);
    if (!isForIt(event)) return;
    event.stopPropagation();
    take([...(event.dataTransfer?.files ?? [])]);
  }

  /** Text that was copied in a word processor has a picture of itself beside it. */
  function paste(event: ClipboardEvent): void {
    const files = [...(event.clipboardData?.files ?? [])].filter(isPicture);
    if (files.length === 0 || event.clipboardData?.getData('text/plain') || !isForIt(event)) return;
    event.preventDefault();
    event.stopPropagation();
    take(files);
  }

  function isForIt(event: Event): boolean {
    const at = formAt(event);
    return at !== null && at === form();
  }
}

/** The innermost form around the target, which in Firefox may be a text. */
function formAt({ target }: Event): Element | null {
  const element = target instanceof Text ? target.parentElement : target;
  return element instanceof Element ? element.closest(forms) : null;
}

function hasFiles(data: DataTransfer | null): boolean {
  return data?.types.includes('Files') ?? false;
}
