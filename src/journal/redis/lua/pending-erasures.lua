-- Returns the pending erasures of a channel.
-- KEYS: [1]–[11] the keys of the channel
-- Returns post ids or "channel", each with the offset of its last erasing entry.
return call('ZRANGE', pendingErasures, 0, -1, 'WITHSCORES')
