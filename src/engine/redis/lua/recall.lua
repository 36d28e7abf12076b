-- What a request did. See Journal.recall in engine.ts.
-- KEYS: those of the channel, then [11] the request's.
-- Answers {request, label of what it made, or false}, or false where nothing is remembered; how old it may be, the asker compares.
local known = call('GET', KEYS[11])
if not known then return false end
local who, revision = string.match(known, '^%d+ %S+ (%S+) (%d+) ')
return { known, call('HGET', labels, field(who, revision)) }
