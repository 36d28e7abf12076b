/**
 * The script of `/embed/{c}`, a frame on someone else's page. It tells that page how high the coverage is, and finds out what the element
 * cannot: in a frame that is as high as what is in it, reading further down scrolls the page around.
 */
const element = document.querySelector('pressbox-live');
const start = document.getElementById('start');

if (element !== null && parent !== window) {
  let told = 0;
  new ResizeObserver(() => {
    const height = Math.ceil(element.getBoundingClientRect().height);
    if (height === told) return;
    told = height;
    // No secret: whoever shows the frame may know how high it is.
    parent.postMessage({ type: 'pressbox-height', channel: element.getAttribute('channel'), height }, '*');
  }).observe(element);
}
if (element !== null && start !== null) {
  new IntersectionObserver((seen) => {
    const last = seen.at(-1);
    // Where the frame itself is scrolled, the element sees that.
    if (last !== undefined) element.toggleAttribute('hold', !last.isIntersecting && scrollY === 0);
  }).observe(start);
}
