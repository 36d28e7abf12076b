-- Shared by operations that write to the server's own journal. See server-journal.ts.

-- The highest offset that the stream ever had.
local function highestGiven(stream)
  local facts = redis.call('XINFO', 'STREAM', stream)
  for at = 1, #facts, 2 do
    if facts[at] == 'last-generated-id' then return tonumber(string.match(facts[at + 1], '^%d+')) end
  end
end

-- Appends entries to the stream. ARGV[from]: number of entries, each as type, subject or "", detail or "", at, by, digest.
-- `root`: the start of the chain, if it has not begun.
local function appendToServerJournal(stream, root, from)
  local count = tonumber(ARGV[from])
  if count == 0 then return end
  local last = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  local offset, check = 0, root
  if last then offset, root, check = tonumber(string.match(last[1], '^%d+')), last[2][2], last[2][14] end
  for number = 1, count do
    local kind, subject, detail, time, by, digest = unpack(ARGV, from + 6 * number - 5, from + 6 * number)
    local function add(at)
      offset = at
      local after = redis.sha1hex(check .. '|' .. offset .. '|' .. digest)
      local added = redis.pcall('XADD', stream, offset .. '-0', 'root', root, 'type', kind, 'subject', subject, 'detail', detail,
        'at', time, 'by', by, 'check', after)
      if type(added) == 'table' then return added.err end
      check = after
    end
    -- If entries were removed, the stream accepts only higher offsets. The gap shows the removal.
    if add(offset + 1) then
      local why = add(highestGiven(stream) + 1)
      if why then error(why) end
    end
  end
end
