-- The entries from an offset on. See Journal.journal in engine.ts.
-- KEYS: those of the channel.
-- ARGV: [1] the offset · [2] how many
-- Answers {"1" where there is more or "", then for each: offset, type, post id or "channel", revision, kind or "", at, by, content, check,
--   revision through which it erased or ""}
--   {"damaged"} · false where there is no such channel
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
