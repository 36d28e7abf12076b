/** A worker that scales one picture, so that typing goes on. `scale-picture.ts` starts it and ends it. */
import { type ScalingTask, scaledPicture } from './scaled-picture.ts';

/** The scope of a worker, which the library of types for pages lacks. */
interface WorkerScope {
  addEventListener(type: 'message', listener: (event: MessageEvent<ScalingTask>) => void): void;
  postMessage(message: unknown): void;
}
const scope = self as unknown as WorkerScope;

scope.addEventListener('message', ({ data }) => {
  // A rejection would not reach the page.
  void scaledPicture(...data)
    .catch((error: unknown) => console.warn('A picture could not be scaled.', error))
    .then((picture) => scope.postMessage(picture));
});
