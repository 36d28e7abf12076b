import { type LimitTable, valuesOf } from '../../protocol/limit-table.ts';

/** Limits of what a server remembers, to notice that its store lost a channel. */
export const lossTable = {
  servedChannels: {
    value: 50_000,
    metric: 'pressbox_served_channels',
    atLimit:
      'With more channels, the hundredth that was served longest ago is forgotten: the loss of these would not be noticed.',
  },
  servedSaveMs: {
    value: 10_000,
    metric: 'pressbox_served_channels',
    atLimit: 'What was served is written to the data directory this often, and when the server ends.',
  },
  servedLines: {
    value: 500,
    metric: 'pressbox_served_channels',
    atLimit: 'The file is read and written so many channels at a time, and other work goes on in between.',
  },
  servedPartMs: {
    value: 60_000,
    metric: 'pressbox_served_channels',
    atLimit: 'A part of the file is removed at a start if it is older than this: the server that wrote it was killed.',
  },
  lossLookMs: {
    value: 5_000,
    metric: 'pressbox_channels_lost{how="missing"}',
    atLimit: 'Interval between two comparisons of `lossLookChannels` channels with the store.',
  },
  lossLookChannels: {
    value: 500,
    metric: 'pressbox_channels_lost{how="missing"}',
    atLimit:
      'This many channels are compared with the store at a time, and as many of the lost ones. If one more is lost or found again, all are compared at once.',
  },
  lossRefusedMs: {
    value: 1_000,
    metric: 'pressbox_channels_lost{how="missing"}',
    atLimit: 'A request for a lost channel is refused from memory, unless the store was asked longer ago than this.',
  },
  lossesAtOnce: {
    value: 100,
    metric: 'pressbox_channels_lost{how="missing"}',
    atLimit: 'The store is asked for this many channels at once, so that other requests do not wait behind all of them.',
  },
} satisfies LimitTable;
export const lossLimits = valuesOf(lossTable);
