-- Where the channel stands. See Journal.heads in engine.ts.
-- KEYS: those of the channel.
-- Answers {root, offset, check} · {"damaged"} · false where there is no such channel
local last = head()
if last == false then return damaged end
if last == nil then return false end
return { last.root, last.offset, last.check }
