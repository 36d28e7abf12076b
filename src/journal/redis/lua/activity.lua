-- Shared by operations that place a channel in the index of channels by activity. See activity-index.ts. Follows shared.lua.

-- A field of a JSON text that holds a date. Within a JSON string every quote follows a backslash, so this finds only a field.
local function dateIn(text, name)
  return string.match(text, '[{,]"' .. name .. '":"([^"]+)"')
end

-- The date that orders the channel among those of its state.
local function activityOf(summary)
  if summary.state == 'live' and summary.latest ~= '-' then return summary.latest end
  local text = call('HGET', texts, field(own, summary.revision)) or ''
  if summary.state == 'scheduled' then return dateIn(text, 'startsAt') or '~' end
  return dateIn(text, summary.state == 'live' and 'startedAt' or 'endedAt') or dateIn(text, 'createdAt') or '~'
end

-- Moves the channel to its place. `summary`: its line in the index, nil if there is no such channel, false if it is damaged.
local function placeByActivity(activity, places, summary)
  local id = string.match(journal, '{([^}]+)}')
  local place
  if summary == false then place = 'damaged:-:' .. id end
  if summary then place = table.concat({ summary.state, activityOf(summary), id }, ':') end
  local before = call('HGET', places, id)
  if place and before == place and call('ZSCORE', activity, place) then return place end
  if before and before ~= place then call('ZREM', activity, before) end
  if not place then
    if before then call('HDEL', places, id) end
    return false
  end
  call('ZADD', activity, 0, place)
  call('HSET', places, id, place)
  return place
end
