/**
 * The script of `/embed/{c}`, a frame on another page. Reports the height of its content to that page. Also detects what the
 * element cannot: in a frame as high as its content, the reader scrolls the surrounding page.
 */
const element = document.querySelector('pressbox-live');
const start = document.getElementById('start');

if (element !== null && parent !== window) {
  let reportedHeight = 0;
  new ResizeObserver(() => {
    const height = Math.ceil(element.getBoundingClientRect().height);
    if (height === reportedHeight) return;
    reportedHeight = height;
    // `*`: any page that shows the frame may know its height.
    parent.postMessage({ type: 'pressbox-height', channel: element.getAttribute('channel'), height }, '*');
  }).observe(element);
}
if (element !== null && start !== null) {
  new IntersectionObserver((seen) => {
    const last = seen.at(-1);
    // If the frame itself scrolls, the element detects by itself what is in view.
    if (last !== undefined) element.toggleAttribute('hold', !last.isIntersecting && scrollY === 0);
  }).observe(start);
}
