-- Returns the entries from an offset on. See Journal.journal in engine.ts.
-- KEYS: [1]–[11] the keys of the channel
-- ARGV: [1] offset · [2] maximum number of entries
-- Returns {"1" if there is more or "", then for each: offset, type, post id or "channel", revision, kind or "", at, by, content,
-- check, last revision that it erased or ""}
--   {"damaged"} · false if there is no such channel
local last = head()
if last == false then return damaged end
if last == nil then return false end
local limit = tonumber(ARGV[2])
local found = call('XRANGE', journal, ARGV[1] .. '-0', '+', 'COUNT', limit + 1)
local answer = { #found > limit and '1' or '' }
for number = 1, math.min(limit, #found) do
  local e = toEntry(found[number])
  for _, value in ipairs({ e.offset, e.type, e.who, e.revision, e.kind, e.at, e.by, e.content, e.check, e.erases }) do
    table.insert(answer, value)
  end
end
return answer
