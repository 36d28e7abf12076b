-- Returns the head of the channel. See Journal.heads in engine.ts.
-- KEYS: [1]–[11] the keys of the channel
-- Returns {root, offset, check} · {"damaged"} · false if there is no such channel
local last = head()
if last == false then return damaged end
if last == nil then return false end
return { last.root, last.offset, last.check }
