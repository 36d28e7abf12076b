-- Returns what changed after a position. See Journal.catchUp in engine.ts.
-- KEYS: [1]–[11] the keys of the channel
-- ARGV: [1] epoch, [2] offset, [3] short check of the position · [4] maximum number of changes, [5] of their bytes in the
--   reader's view · [6] tag of key events, [7] tag of other published posts
-- Returns {"replay", root, offset, check, "1" if there is more or "", published posts, key events and listed entries at the head,
-- then for each change: offset, check, type, at, seq or "", label, text}
--   {"foreign"} · {"damaged"} · false if there is no such channel. The returned position is that of the last returned change, or
--     the head if there is no more.
local last, summary = head()
if last == false then return damaged end
if last == nil then return false end
local after = tonumber(ARGV[2])
local limit, left = tonumber(ARGV[4]), tonumber(ARGV[5])

local function checkAt(offset)
  local entry = entryAt(offset)
  if entry then return entry.check end
  -- The root precedes the first entry of a history. It is at offset 0, unless a repair began the history.
  return entryAt(offset + 1) and last.root or nil
end
local check = after <= last.offset and checkAt(after)
if string.sub(last.root, 1, 12) ~= ARGV[1] or not check or string.sub(check, 1, 16) ~= ARGV[3] then return { 'foreign' } end

local answer = { 'replay', last.root, last.offset, last.check, '', counts(ARGV[6], ARGV[7], summary.salt) }
local taken = 0
for _, who in ipairs(call('ZRANGEBYSCORE', changes, '(' .. ARGV[2], '+inf', 'LIMIT', 0, limit + 1)) do
  local entry = entryAt(tonumber(call('ZSCORE', changes, who)))
  if not entry then return damaged end
  local label = call('HGET', labels, field(who, entry.revision))
  local text = call('HGET', texts, field(who, entry.revision))
  if not label or not text then return damaged end
  local bytes, body = sizes(label)
  left = left - (bytes - body)
  if taken > 0 and (left < 0 or taken >= limit) then
    answer[5] = '1'
    return answer
  end
  for _, value in ipairs({ entry.offset, entry.check, entry.type, entry.at, who == own and '' or entry.seq, label, text }) do
    table.insert(answer, value)
  end
  taken = taken + 1
  answer[3], answer[4] = entry.offset, entry.check
end
answer[3], answer[4] = last.offset, last.check
return answer
