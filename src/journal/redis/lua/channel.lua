-- Returns the current channel. See Journal.channel in engine.ts.
-- KEYS: [1]–[11] the keys of the channel
-- ARGV: [1] "" to treat a channel with access "desk" as missing; anything else, or left out, to return it
--   [2] tag of key events and [3] tag of other published posts; left out if the counts are not needed
-- Returns {"found", root, offset, check, latestPostAt or "-", text, then the counts: published posts, key events, listed entries}
--   {"deleted", access} · {"missing"} · {"damaged"}
local access = call('GET', deleted)
if access then return { 'deleted', access } end
local last, summary = head()
if last == false then
  -- A damaged channel is hidden too, if its access is known and is "desk".
  local left = readSummary()
  return ARGV[1] == '' and left and left.access == 'desk' and { 'missing' } or damaged
end
if last == nil or (ARGV[1] == '' and summary.access == 'desk') then return { 'missing' } end
local text = call('HGET', texts, field(own, summary.revision))
if not text then return damaged end
if not ARGV[2] then return { 'found', last.root, last.offset, last.check, summary.latest, text } end
return { 'found', last.root, last.offset, last.check, summary.latest, text, counts(ARGV[2], ARGV[3], summary.salt) }
