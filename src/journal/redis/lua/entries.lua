-- Returns the entries from an offset on, each with the text that it wrote. See Journal.entries in engine.ts.
-- KEYS: [1]–[11] the keys of the channel
-- ARGV: [1] offset · [2] maximum number of entries, [3] of their bytes in the author's view
-- Returns {root, offset, check of the head, "1" if there is more or "", then for each: offset, type, post id or "channel",
-- revision, kind or "", at, by, content, check, last revision that it erased or "", last erased revision of its post, label or
-- false, text or false}
--   {"damaged"} · false if there is no such channel
local last = head()
if last == false then return damaged end
if last == nil then return false end
local limit, left = tonumber(ARGV[2]), tonumber(ARGV[3])
local answer = { last.root, last.offset, last.check, '' }
local taken = 0
for _, found in ipairs(call('XRANGE', journal, ARGV[1] .. '-0', '+', 'COUNT', limit + 1)) do
  local e = toEntry(found)
  local label = call('HGET', labels, field(e.who, e.revision))
  left = left - (label and sizes(label) or 0)
  if taken > 0 and (left < 0 or taken >= limit) then
    answer[4] = '1'
    return answer
  end
  local post = e.who ~= own and readPost(e.who)
  local text = label and call('HGET', texts, field(e.who, e.revision))
  for _, value in ipairs({ e.offset, e.type, e.who, e.revision, e.kind, e.at, e.by, e.content, e.check, e.erases }) do
    table.insert(answer, value)
  end
  table.insert(answer, post and post.erased or 0)
  table.insert(answer, label)
  table.insert(answer, text)
  taken = taken + 1
end
return answer
