-- Deletes expired requests of a channel.
-- KEYS: [1]–[11] the keys of the channel · [12] prefix of its requests' keys · [13] its requests by time
-- ARGV: [1] request clock (ms), [2] how long requests are kept (ms) · [3] maximum number of requests
-- Returns how many requests were deleted.
return forgetRequests(tonumber(ARGV[1]) - tonumber(ARGV[2]), ARGV[3])
