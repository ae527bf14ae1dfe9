/** Chapters that the page came with: a press jumps to the place instead of loading the page again. */

export function jumpsTo(place: (at_s: number) => void): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>('#chapter-list a')) {
    link.addEventListener('click', (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      place(Number(link.dataset['at']));
    });
  }
}
