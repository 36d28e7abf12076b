import type { MediaKind } from './media-kind.ts';
import type { AddResult, MediaType, Rendition } from './media-store.ts';

/** Messages between the server and the child process that reads, cleans and renders uploads. */

export interface RenderJob {
  id: number;
  kind: MediaKind;
  /** The upload. A video or sound is cleaned in place. */
  file: string;
  /** An empty directory for the renditions of a picture. */
  directory: string;
}

export type FromRenderer =
  | { type: 'ready' }
  /** The picture was decoded: what follows depends on its size alone. */
  | { type: 'decoded'; id: number }
  | { type: 'done'; id: number; outcome: RenderOutcome }
  | { type: 'failed'; id: number; reason: string };

export type RenderOutcome = { status: 'rendered'; facts: RenderedFacts } | Refusal;

export interface RenderedFacts {
  type: MediaType;
  width: number | null;
  height: number | null;
  durationSeconds: number | null;
  /** Pictures have their files in the directory of the job. The file of a video or sound is the upload itself. */
  renditions: Rendition[];
}

export type Refusal = Extract<AddResult, { status: 'refused' }>;
