-- Which erasures of a channel are not yet known to be complete.
-- KEYS: those of the channel.
-- Answers post ids or "channel", each with the offset of the entry that erased last.
return call('ZRANGE', pendingErasures, 0, -1, 'WITHSCORES')
