import type { Position } from '../../../src/protocol/cursor.ts';
import type { ChannelReport } from '../../../src/verify.ts';
import { counted } from '../counted.ts';
import { writeMetrics } from '../textfile-metrics.ts';

/** What channels without a fault contain together, and what was added since an earlier verification. */
export class VerifySummary {
  #channels = 0;
  #entries = 0;
  #texts = 0;
  #erased = 0;
  #newEntries = 0;
  #newChannels = 0;

  /** `earlier`: the position of the channel at the earlier verification. */
  add({ entries, texts, erased }: ChannelReport, earlier: Position | undefined): void {
    this.#channels += 1;
    this.#entries += entries;
    this.#texts += texts;
    this.#erased += erased;
    this.#newEntries += entries - (earlier?.offset ?? 0);
    if (earlier === undefined) this.#newChannels += 1;
  }

  get channels(): number {
    return this.#channels;
  }

  /** A sentence that begins with the entries. */
  toString(): string {
    const erased = this.#erased > 0 ? `, ${this.#erased.toLocaleString('en')} erased` : '';
    const [entries, texts] = [counted(this.#entries, 'entry', 'entries'), counted(this.#texts, 'text')];
    const channels = this.#newChannels > 0 ? `, and ${counted(this.#newChannels, 'channel')}` : '';
    return `${entries} and ${texts} hold${erased}. Added since then: ${counted(this.#newEntries, 'entry', 'entries')}${channels}.`;
  }
}

export interface VerifyMetrics {
  channels: number;
  faults: number;
  seconds: number;
}

/** For the textfile collector of Prometheus' node exporter. */
export function writeVerifyMetrics(file: string, { channels, faults, seconds }: VerifyMetrics): Promise<void> {
  return writeMetrics(file, 'pressbox_verify', [
    ['end_timestamp_seconds', 'When the last verification ended, in seconds since 1970.', Date.now() / 1_000],
    ['seconds', 'How long it took.', seconds],
    ['channels', 'Channels that it verified.', channels],
    ['faults', 'Channels and journals that are not intact.', faults],
  ]);
}
