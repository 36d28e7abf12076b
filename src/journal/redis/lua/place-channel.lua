-- Places one channel in the index of channels by activity, if it is not in its place. Cheap if it is.
-- KEYS: [1]–[11] the channel's · [12] channels by activity · [13] their places
-- Returns its place · false: there is no such channel
if call('EXISTS', deleted) == 1 then return placeByActivity(KEYS[12], KEYS[13], nil) end
local summary = readSummary()
-- The line describes the last change of the channel, as long as the journal has no entry that the index lacks.
local top = summary and string.match(call('ZREVRANGE', changes, 0, 0, 'WITHSCORES')[2] or '', '^%d+$')
local isCurrent = top and tonumber(call('ZSCORE', changes, own) or -1) == summary.last
  and #call('XRANGE', journal, '(' .. top .. '-0', '+', 'COUNT', 1) == 0
if not isCurrent then
  local last, stands = head()
  summary = last and stands
  if last == false then summary = false end
end
return placeByActivity(KEYS[12], KEYS[13], summary)
