/** What the paths of the server begin with: nothing, or its base path. Its pages say so. The desk has a copy that needs no page. */
export const basePath = document.body.dataset.base as string;
