import { extname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { JournalRefused, JournalUnavailable, messageOf } from '../engine.ts';
import { sqliteLimits } from './sqlite-limits.ts';
import type {
  Operation,
  ParamsOf,
  ResultOf,
  ThreadData,
  ThreadMessage,
  ThreadRequest,
  ThreadResponse,
} from './thread-messages.ts';

const { waitingCalls: waitingMost, journalCloseMs: closeMs } = sqliteLimits;
const { threadRestartFirstMs: firstPauseMs, threadRestartMostMs: longestPauseMs } = sqliteLimits;

interface Waiting {
  settle(answer: unknown): void;
  fail(error: JournalUnavailable): void;
}

/** Calls an engine thread from the main thread. A thread that dies is restarted. `T` lists the operations of the thread. */
export class Thread<T> {
  readonly #name: 'writer' | 'reader';
  readonly #file: string;
  #worker!: Worker;
  #port!: MessagePort;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  /** Why calls are refused. */
  #gone: string | undefined;
  readonly #closing = new AbortController();
  /** Called when the thread ends unexpectedly. */
  onDeath: (why: string) => void = () => {};
  /** Called when the thread takes calls again. */
  onRevival: () => void = () => {};
  /** The number of erasures that were pending when the thread opened the file. */
  owed = 0;
  /** The latest time of a remembered request when the thread first opened the file. */
  lastRequestAt: number | undefined;

  private constructor(name: 'writer' | 'reader', file: string) {
    this.#name = name;
    this.#file = file;
  }

  /** Resolves when the thread has opened the file. Throws `JournalRefused` if the file must not be used. */
  static async open<T>(name: 'writer' | 'reader', file: string): Promise<Thread<T>> {
    const thread = new Thread<T>(name, file);
    await thread.#begin({ again: false });
    return thread;
  }

  /** Throws like `open`. */
  #begin({ again }: { again: boolean }): Promise<void> {
    const { port1: port, port2 } = new MessageChannel();
    const data: ThreadData = { file: this.#file, again, port: port2 };
    // The thread needs none of this process's flags.
    const options = { workerData: data, transferList: [port2], execArgv: [], name: `journal-${this.#name}` };
    // The thread's file is beside this one. It is TypeScript in a checkout and JavaScript in the package.
    const worker = new Worker(new URL(`./${this.#name}${extname(import.meta.filename)}`, import.meta.url), options);
    this.#worker = worker;
    this.#port = port;
    let [isOpen, isOver] = [false, false];
    return new Promise((resolve, reject) => {
      const receive = (message: ThreadMessage) => {
        switch (message.type) {
          case 'open':
            isOpen = true;
            this.owed = message.owed;
            this.lastRequestAt ??= message.lastRequestAt;
            return resolve();
          case 'failed':
            return reject(
              message.refused ? new JournalRefused(message.message) : new JournalUnavailable(message.message, 'unchanged'),
            );
          case 'answers':
            for (const answered of message.answers) this.#take(answered);
        }
      };
      const die = (why: string) => {
        if (isOver) return;
        isOver = true;
        // Process the last messages of the thread, even if its end was noticed first.
        for (let last = receiveMessageOnPort(port); last; last = receiveMessageOnPort(port)) receive(last.message);
        port.close();
        if (isOpen) this.#die(why);
        reject(new JournalUnavailable(why, 'unchanged'));
      };
      port.on('message', receive);
      worker.on('error', (error) => die(messageOf(error)));
      worker.on('exit', () => die('it ended'));
    });
  }

  /**
   * Sends a call to the thread. `settled` gets the result before the promise resolves, in the tick and order in which the
   * responses arrive. Rejects with `JournalUnavailable`.
   */
  call<K extends Operation<T>>(
    operation: K,
    given: ParamsOf<T, K>,
    settled?: (answer: ResultOf<T, K>) => void,
  ): Promise<ResultOf<T, K>> {
    if (this.#gone !== undefined) return Promise.reject(new JournalUnavailable(this.#gone, 'unchanged'));
    if (this.#waiting.size >= waitingMost) {
      return Promise.reject(new JournalUnavailable(`Too many calls wait for the journal's ${this.#name}.`, 'unchanged'));
    }
    return new Promise((resolve, reject) => {
      const id = ++this.#calls;
      this.#waiting.set(id, {
        settle: (answer) => {
          settled?.(answer as ResultOf<T, K>);
          resolve(answer as ResultOf<T, K>);
        },
        fail: reject,
      });
      this.#port.postMessage({ id, operation, given } as unknown as ThreadRequest<T>);
    });
  }

  /** Finishes earlier calls, or fails them if that takes too long. */
  async close(): Promise<void> {
    if (this.#gone === undefined) {
      const closed = this.call('close' as Operation<T>, null as ParamsOf<T, Operation<T>>).catch(() => undefined);
      this.#gone = 'The journal is closed.';
      const timer = setTimeout(() => void this.#worker.terminate(), closeMs);
      await Promise.race([closed, new Promise((resolve) => this.#worker.once('exit', resolve))]);
      clearTimeout(timer);
    }
    this.#closing.abort();
    this.#port.close();
    await this.#worker.terminate();
    this.#failAll('The journal was closed.');
  }

  #take({ id, answer, failure }: ThreadResponse): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (failure) {
      const { message, outcome, refusesToWrite = false, refusal } = failure;
      waiting?.fail(new JournalUnavailable(message, outcome, { refusesToWrite, refusal }));
    } else waiting?.settle(answer);
  }

  #die(why: string): void {
    const isUnexpected = this.#gone === undefined;
    this.#gone ??= `The journal's ${this.#name} thread is gone: ${why}`;
    this.#failAll(this.#gone);
    if (!isUnexpected) return;
    this.onDeath(this.#gone);
    void this.#revive();
  }

  /** Retries until the thread runs, is closed, or finds that the journal must not be used. */
  async #revive(): Promise<void> {
    const { signal } = this.#closing;
    for (let pauseMs: number = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      try {
        await pause(pauseMs, undefined, { signal, ref: false });
        await this.#begin({ again: true });
        if (signal.aborted) return void this.#worker.terminate();
        this.#gone = undefined;
        return this.onRevival();
      } catch (error) {
        if (signal.aborted) return;
        this.#gone = messageOf(error);
        if (error instanceof JournalRefused) return;
      }
    }
  }

  #failAll(why: string): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    // If the thread writes, a call in progress may have taken effect.
    for (const { fail } of waiting) fail(new JournalUnavailable(why, this.#name === 'writer' ? 'unknown' : 'unchanged'));
  }
}
