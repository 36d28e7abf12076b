-- Returns listed entries, newest first. See Journal.corrections in engine.ts.
-- KEYS: [1]–[11] the channel's
-- ARGV: [1] exclusive upper offset, or "+inf" · [2] most entries
-- Returns {root, offset, check, "1" if there is more or "", then for each: offset, post id or "channel", revision, kind, at, its
-- label or false if erased, current label, and if its label was erased the current text, once for each post, otherwise false} ·
-- {"damaged"} · false if there is no such channel
local last = head()
if last == false then return damaged end
if last == nil then return false end
local limit = tonumber(ARGV[2])
local found = call('ZREVRANGEBYSCORE', listed, '(' .. ARGV[1], '-inf', 'LIMIT', 0, limit + 1)
local told = {}
local answer = { last.root, last.offset, last.check, #found > limit and '1' or '' }
for number = 1, math.min(limit, #found) do
  local entry = entryAt(found[number])
  if not entry then return damaged end
  local now = entry.who == own and readSummary() or readPost(entry.who)
  local standing = now and call('HGET', labels, field(entry.who, now.revision))
  if not standing then return damaged end
  local past = call('HGET', labels, field(entry.who, entry.revision))
  local text = false
  if not past and not told[entry.who] then
    text = call('HGET', texts, field(entry.who, now.revision))
    if not text then return damaged end
    told[entry.who] = true
  end
  for _, value in ipairs({ entry.offset, entry.who, entry.revision, entry.kind, entry.at, past, standing, text }) do
    table.insert(answer, value)
  end
end
return answer
