-- The channel as it is. See Journal.channel in engine.ts.
-- KEYS: those of the channel.
-- ARGV: [1] "" where a channel of the desk is not to be told from none; anything else, or left out: it is told
-- Answers {"found", root, offset, check, latestPostAt or "-", text} · {"deleted", access} · {"missing"} · {"damaged"}
local access = call('GET', deleted)
if access then return { 'deleted', access } end
local last, summary = head()
if last == false then
  -- As far as anything is left that tells who may know of it.
  local left = readSummary()
  return ARGV[1] == '' and left and left.access == 'desk' and { 'missing' } or damaged
end
if last == nil or (ARGV[1] == '' and summary.access == 'desk') then return { 'missing' } end
local text = call('HGET', texts, field(own, summary.revision))
if not text then return damaged end
return { 'found', last.root, last.offset, last.check, summary.latest, text }
