-- Returns earlier revisions of a post. See Journal.revisions in engine.ts.
-- KEYS: [1]–[11] the keys of the channel
-- ARGV: [1] post id · [2] exclusive lower revision · [3] maximum number of revisions, [4] of their bytes in the author's view
-- Returns {"1" if there is more or "", seq, then for each: label, text} · {"damaged"} · false if there is no such post
local last = head()
if last == false then return damaged end
if last == nil then return false end
local post = ARGV[1] ~= own and readPost(ARGV[1])
if not post then return false end
local limit, left = tonumber(ARGV[3]), tonumber(ARGV[4])
local answer = { '', post.seq }
local taken = 0
for revision = math.max(tonumber(ARGV[2]), post.erased) + 1, post.revision do
  local label = call('HGET', labels, field(post.id, revision))
  -- A label without a salt is a placeholder for a text that was erased before its entry was imported.
  if label and not string.find(label, '^%d+ %d+ %[""') then
    left = left - sizes(label)
    if taken > 0 and (left < 0 or taken >= limit) then
      answer[1] = '1'
      return answer
    end
    local text = call('HGET', texts, field(post.id, revision))
    if not text then return damaged end
    table.insert(answer, label)
    table.insert(answer, text)
    taken = taken + 1
  end
end
return answer
