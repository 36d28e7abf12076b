import type { Words } from '../i18n/words.ts';

/** How long a button shows its confirmation, milliseconds. */
const doneMs = 2_500;

/**
 * Makes the copy and share buttons of posts work. `announce` speaks to screen readers. The shared link is the one on the post's
 * time.
 */
export function enableSharing(words: () => Words, say: (sentence: string) => void): void {
  const { dataset } = document.documentElement;
  dataset.scripted = '';
  if (typeof navigator.share === 'function') dataset.share = '';
  document.addEventListener('click', (click) => {
    const button = (click.target as Element).closest<HTMLButtonElement>('button[data-action]');
    const post = button?.closest('.post');
    const link = post?.querySelector<HTMLAnchorElement>('a.when');
    if (!button || !post || !link) return;
    const title = post.querySelector('.headline')?.textContent ?? document.title;
    void (button.dataset.action === 'share' ? share(link.href, title) : copy(link.href)).then((done) => {
      const { linkCopied, linkNotCopied } = words();
      if (done === 'copied') confirm(button, linkCopied);
      if (done !== 'shared') say(done === 'copied' ? linkCopied : linkNotCopied);
    });
  });
}

/** The id of the post of this channel that a link leads to, on this page or another. */
export function linkedPostId({ rel, href }: HTMLAnchorElement, channelId: string): string | undefined {
  // External links and a post's own permanent link have a `rel`.
  const [, channel = channelId, id] = (rel === '' && /(?:\/live\/([^/]+)\/|#post-)([^/#]+)$/.exec(href)) || [];
  return channel === channelId ? id : undefined;
}

type Done = 'shared' | 'copied' | 'failed';

async function share(url: string, title: string): Promise<Done> {
  try {
    await navigator.share({ url, title });
    return 'shared';
  } catch (error) {
    // A reader who closes the share sheet wants nothing else. A device that cannot share falls back to copying.
    return (error as Error).name === 'AbortError' ? 'shared' : await copy(url);
  }
}

async function copy(url: string): Promise<Done> {
  try {
    await navigator.clipboard.writeText(url);
    return 'copied';
  } catch {
    return copySelected(url) ? 'copied' : 'failed';
  }
}

/** Fallback for plain HTTP, where browsers have no clipboard API. */
function copySelected(text: string): boolean {
  const focused = document.activeElement as HTMLElement | null;
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'visually-hidden';
  document.body.append(field);
  field.focus({ preventScroll: true });
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  focused?.focus({ preventScroll: true });
  return done;
}

function confirm(button: HTMLButtonElement, confirmation: string): void {
  const before = button.textContent;
  if (before === confirmation) return;
  button.textContent = confirmation;
  setTimeout(() => {
    if (button.textContent === confirmation) button.textContent = before;
  }, doneMs);
}
