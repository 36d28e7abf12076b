/** For markup that is only shown: its links lead nowhere, so that nothing is lost by following one. */
export function staysHere(click: Event): void {
  if (click.target instanceof Element && click.target.closest('a')) click.preventDefault();
}
