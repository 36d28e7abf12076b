-- Places channels in the index of channels by activity, those that are not in their place. Cheap if all of them are.
-- KEYS: [1]–[11] the keys of the first channel, then those of the next ones · [last but one] channels by activity
--   [last] their places
-- Returns for each channel its place · false: there is no such channel
local activity, places = KEYS[#KEYS - 1], KEYS[#KEYS]

local function placeOne()
  if call('EXISTS', deleted) == 1 then return placeByActivity(activity, places, nil) end
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
  return placeByActivity(activity, places, summary)
end

local placed = {}
for first = 1, #KEYS - 2, 11 do
  -- What follows shared.lua works on the channel whose keys these are.
  journal, changes, posts, index, texts, labels, tags, listed, pendingErasures, deleted, notes = unpack(KEYS, first, first + 10)
  placed[#placed + 1] = placeOne()
end
return placed
