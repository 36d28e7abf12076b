-- Returns the outcome of a request. See Journal.recall in engine.ts.
-- KEYS: [1]–[11] the keys of the channel · [12] the request · [13] the channel's requests by time
-- ARGV: [1] request clock (ms), [2] how long requests are kept (ms)
-- Returns {request, its seal or false}, or false if it is not remembered.
local known = remembered(tonumber(ARGV[1]), tonumber(ARGV[2]))
if not known then return false end
return { known, sealOf(known) }
