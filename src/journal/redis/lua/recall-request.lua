-- What a request did. See Journal.recall in engine.ts.
-- KEYS: those of the channel, then [12] the request's and [13] the channel's requests by time.
-- ARGV: [1] the clock of requests and [2] how long they are kept, both in milliseconds
-- Answers {request, its seal or false}, or false where nothing is remembered.
local known = remembered(tonumber(ARGV[1]), tonumber(ARGV[2]))
if not known then return false end
return { known, sealOf(known) }
