import type { Words } from '../i18n/words.ts';

/** How long a button shows its confirmation, milliseconds. */
const doneMs = 2_500;

/**
 * Makes the copy and share buttons of posts inside `home` work, and shows those that do. `say` speaks to screen readers. The shared
 * link is the one on the post's time.
 */
export function enableSharing(home: HTMLElement, words: () => Words, say: (sentence: string) => void): void {
  home.dataset.scripted = '';
  if (typeof navigator.share === 'function') home.dataset.share = '';
  home.addEventListener('click', (click) => {
    const button = (click.target as Element).closest<HTMLButtonElement>('button[data-action]');
    const post = button?.closest('.post');
    const link = post?.querySelector<HTMLAnchorElement>('a.when');
    if (!button || !post || !link) return;
    const title = (post.querySelector('.headline') ?? home.querySelector('h1, .title'))?.textContent ?? '';
    void (button.dataset.action === 'share' ? share(link.href, title, button) : copy(link.href, button)).then((done) => {
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

async function share(url: string, title: string, button: HTMLElement): Promise<Done> {
  try {
    await navigator.share({ url, title });
    return 'shared';
  } catch (error) {
    // A reader who closes the share sheet wants nothing else. A device that cannot share falls back to copying.
    return (error as Error).name === 'AbortError' ? 'shared' : await copy(url, button);
  }
}

async function copy(url: string, button: HTMLElement): Promise<Done> {
  try {
    await navigator.clipboard.writeText(url);
    return 'copied';
  } catch {
    return copySelected(url, button) ? 'copied' : 'failed';
  }
}

/** Fallback for plain HTTP and for frames, where browsers refuse the clipboard API. */
function copySelected(text: string, button: HTMLElement): boolean {
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'visually-hidden';
  button.after(field);
  field.focus({ preventScroll: true });
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  button.focus({ preventScroll: true });
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
