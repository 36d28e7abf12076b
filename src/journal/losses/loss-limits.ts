import { type LimitTable, valuesOf } from '../../protocol/limit-table.ts';

/** Limits of what a server remembers, to notice that its store lost a channel. */
export const lossTable = {
  servedChannels: {
    value: 50_000,
    metric: 'pressbox_served_channels',
    atLimit: 'With more channels, the one that was served longest ago is forgotten: its loss would not be noticed.',
  },
  servedSaveMs: {
    value: 10_000,
    metric: 'pressbox_served_channels',
    atLimit: 'What was served is written to the data directory this often, and when the server ends.',
  },
  lossLookMs: {
    value: 5_000,
    metric: 'pressbox_channels_lost',
    atLimit: 'Interval between two comparisons of `lossLookChannels` channels with the store.',
  },
  lossLookChannels: {
    value: 500,
    metric: 'pressbox_channels_lost',
    atLimit: 'This many channels are compared with the store at a time. If one is lost, all are compared at once.',
  },
  lossRefusedMs: {
    value: 1_000,
    metric: 'pressbox_channels_lost',
    atLimit: 'A request for a lost channel is refused from memory, unless the store was asked longer ago than this.',
  },
  lossesTold: {
    value: 500,
    metric: 'pressbox_channels_lost',
    atLimit: 'A server names this many lost channels in one message to the other servers.',
  },
} satisfies LimitTable;
export const lossLimits = valuesOf(lossTable);
