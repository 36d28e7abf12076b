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
  home.addEventListener('click', async ({ target }) => {
    const button = (target as Element).closest<HTMLElement>('[data-action]');
    const post = button?.closest('.post');
    const url = post?.querySelector<HTMLAnchorElement>('a.when')?.href;
    if (!button || !post || !url) return;
    if (button.dataset.action === 'share') {
      const title = (post.querySelector('.headline') ?? home.querySelector('h1, .title'))?.textContent ?? '';
      try {
        return await navigator.share({ url, title });
      } catch (error) {
        // A reader who closes the share sheet wants nothing else. A device that cannot share falls back to copying.
        if ((error as Error).name === 'AbortError') return;
      }
    }
    const { linkCopied, linkNotCopied } = words();
    const isCopied = await copy(url, button);
    if (isCopied) confirm(button, linkCopied);
    say(isCopied ? linkCopied : linkNotCopied);
  });
}

/** The id of the post of this channel that a link leads to, on this page or another. */
export function linkedPostId({ rel, href }: HTMLAnchorElement, channelId: string): string | undefined {
  // External links and a post's own permanent link have a `rel`.
  const [, channel = channelId, id] = (rel === '' && /(?:\/live\/([^/]+)\/|#post-)([^/#]+)$/.exec(href)) || [];
  return channel === channelId ? id : undefined;
}

async function copy(url: string, button: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(url);
    return true;
  } catch {
    return import('./copy-selected.ts').then((part) => part.copySelected(url, button)).catch(() => false);
  }
}

function confirm(button: HTMLElement, confirmation: string): void {
  const before = button.textContent;
  if (before === confirmation) return;
  button.textContent = confirmation;
  setTimeout(() => {
    if (button.textContent === confirmation) button.textContent = before;
  }, doneMs);
}
