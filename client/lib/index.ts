/** The client library for readers and authors, in browsers and in Node. */

export { embedHosts, type Frame, frameOf } from '../../src/protocol/embeds/frames.ts';
export { embedOf } from '../../src/protocol/embeds/post-addresses.ts';
export type * from '../../src/protocol/model.ts';
export { isWithdrawn } from '../../src/protocol/model.ts';
export type { Problem, ProblemCode } from '../../src/protocol/problems.ts';
export {
  AuthorClient,
  type AuthorClientOptions,
  type ChannelFields,
  type ChannelPatch,
  type CommandOptions,
  type Decided,
  type NewChannel,
  type NewPost,
  type RevisedPost,
  type Revision,
  type SeenPost,
  type Written,
  type WrittenChannel,
  type WrittenPost,
} from './author-client.ts';
export { type Fetch, NoAnswer, NotPressbox, ProblemError, type TokenSource } from './http.ts';
export { newKey, newPostId } from './ids.ts';
export { correctionsOf, readPost } from './read-post.ts';
export { ReaderClient } from './reader-client.ts';
export type { EndedReason, ReaderClientOptions, ReaderEvents, ReaderState, ReaderStorage, SavedReader } from './reader-types.ts';
export { restoreTimeline, type SavedTimeline, saveTimeline } from './timeline/saved-timeline.ts';
export { applyCatchUp, applyEvent, fits, fromSnapshot, newsIn } from './timeline/timeline.ts';
export { held, reachedEnd, type Timeline } from './timeline/timeline-model.ts';
export {
  applyKeyEventsPage,
  applyPage,
  applyPost,
  applySummaryPage,
  moveTo,
  type Need,
  narrow,
  needs,
  newerPage,
  olderPage,
  type Page,
  type PageAsk,
} from './timeline/timeline-pages.ts';
