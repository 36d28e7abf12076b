-- What a request did. See Journal.recall in engine.ts.
-- KEYS: those of the channel, then [12] the request's.
-- Answers {request, its seal or false}, or false where nothing is remembered; how old it may be, the asker compares.
local known = call('GET', KEYS[12])
if not known then return false end
return { known, sealOf(known) }
