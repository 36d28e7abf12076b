-- Returns the current post. See Journal.post in engine.ts.
-- KEYS: [1]–[11] the keys of the channel
-- ARGV: [1] post id
-- Returns {root, offset, check, seq, label, text} · {"damaged"} · false if there is no such post
local last = head()
if last == false then return damaged end
if last == nil then return false end
local post = ARGV[1] ~= own and readPost(ARGV[1])
if not post then return false end
local label = call('HGET', labels, field(post.id, post.revision))
local text = call('HGET', texts, field(post.id, post.revision))
if not label or not text then return damaged end
return { last.root, last.offset, last.check, post.seq, label, text }
