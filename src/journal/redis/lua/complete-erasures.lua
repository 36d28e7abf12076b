-- Takes note that erasures are complete, unless their posts were erased from again meanwhile.
-- KEYS: those of the channel.
-- ARGV: post ids or "channel", each with the offset of the entry that had erased last when the erasing was begun.
-- Answers nothing.
for number = 1, #ARGV, 2 do
  local offset = call('ZSCORE', pendingErasures, ARGV[number])
  if offset and tonumber(offset) <= tonumber(ARGV[number + 1]) then call('ZREM', pendingErasures, ARGV[number]) end
end
