-- Run by wrk (-s). It sets up the request, and writes exact counts as JSON when wrk is done.
-- pytest_djworkers/load/wrk_figures.py reads them. The paths come through the environment.

local ffi = require("ffi")

local file = assert(io.open(os.getenv("DJWORKERS_WRK_REQUEST"), "rb"))
local request_ = file:read("*a")
file:close()

-- wrk calls this once, for the bytes that it sends each time. It can't put our request together
-- itself: it knows neither two headers of one name nor the length of an empty body.
function wrk.format()
   return request_
end

-- The pairs of microseconds and counts in wrk's histogram. Its own interface takes quadratic time:
-- 51 s for 122,000 values, where reading its memory takes 33 ms. There it is an array: count, limit,
-- min, max, then a counter for every microsecond. It is believed only if min and max are what the
-- interface says, since another version of wrk may have another layout.
local function counts(latency)
   local stats = ffi.cast("uint64_t **", latency)[0]
   local min, max = tonumber(stats[2]), tonumber(stats[3])
   if min ~= latency.min or max ~= latency.max then
      return nil
   end
   local pairs_ = {}
   for value = min, max do
      local count = tonumber(stats[4 + value])
      if count ~= 0 then
         pairs_[#pairs_ + 1] = string.format("[%d,%d]", value, count)
      end
   end
   return pairs_
end

function done(summary, latency, requests)
   local file = assert(io.open(os.getenv("DJWORKERS_WRK_RESULT"), "w"))
   local errors = summary.errors
   file:write(string.format(
      '{"duration_us":%d,"requests":%d,"connect":%d,"read":%d,"write":%d,'
         .. '"status":%d,"timeout":%d,"corrected":',
      summary.duration, summary.requests, errors.connect, errors.read,
      errors.write, errors.status, errors.timeout))
   -- Without a response in time there is no sample, and min is the largest number there is.
   if summary.requests == errors.timeout then
      file:write("[]}\n")
   else
      local list = counts(latency)
      file:write(list and "[" .. table.concat(list, ",") .. "]}\n" or "null}\n")
   end
   file:close()
end
