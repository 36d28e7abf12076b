-- Marks erasures as complete, unless their posts were erased again in the meantime.
-- KEYS: [1]–[11] the keys of the channel
-- ARGV: post ids or "channel", each with the offset of its last erasing entry when the erasure was begun
-- Returns nothing.
for number = 1, #ARGV, 2 do
  local offset = call('ZSCORE', pendingErasures, ARGV[number])
  if offset and tonumber(offset) <= tonumber(ARGV[number + 1]) then call('ZREM', pendingErasures, ARGV[number]) end
end
