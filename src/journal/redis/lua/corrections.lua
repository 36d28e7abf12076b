-- Returns listed entries, newest first. See Journal.corrections in engine.ts.
-- KEYS: [1]–[11] the keys of the channel
-- ARGV: [1] exclusive upper offset, or "+inf" · [2] maximum number of entries
-- Returns {root, offset, check, "1" if there is more or "", then for each: offset, post id or "channel", revision, kind, at,
-- label of its revision or false if erased, current label, current text or false}. The current text is returned only if the
-- label was erased, and only once for each post.
--   {"damaged"} · false if there is no such channel
local last = head()
if last == false then return damaged end
if last == nil then return false end
local limit = tonumber(ARGV[2])
local found = call('ZREVRANGEBYSCORE', listed, '(' .. ARGV[1], '-inf', 'LIMIT', 0, limit + 1)
local isTextSent = {}
local answer = { last.root, last.offset, last.check, #found > limit and '1' or '' }
for number = 1, math.min(limit, #found) do
  local entry = entryAt(found[number])
  if not entry then return damaged end
  local now = entry.who == own and readSummary() or readPost(entry.who)
  local currentLabel = now and call('HGET', labels, field(entry.who, now.revision))
  if not currentLabel then return damaged end
  local past = call('HGET', labels, field(entry.who, entry.revision))
  local text = false
  if not past and not isTextSent[entry.who] then
    text = call('HGET', texts, field(entry.who, now.revision))
    if not text then return damaged end
    isTextSent[entry.who] = true
  end
  for _, value in ipairs({ entry.offset, entry.who, entry.revision, entry.kind, entry.at, past, currentLabel, text }) do
    table.insert(answer, value)
  end
end
return answer
