-- Run by wrk (-s). It sets up the request, and writes exact counts as JSON when wrk is done.
-- pytest_djworkers/load/wrk_figures.py reads them. The paths come through the environment.

local ffi = require("ffi")

-- The file's first line has the order of the requests and the seed. Then each request comes after a
-- line with its length, since it may have any bytes in it.
local file = assert(io.open(os.getenv("DJWORKERS_WRK_REQUEST"), "rb"))
local order, seed = string.match(file:read("*l"), "^(%a+) (-?%d+)$")
local requests_ = {}
for length in function() return file:read("*l") end do
   requests_[#requests_ + 1] = file:read(tonumber(length))
   file:read("*l")
end
file:close()

-- wrk calls this once, for the bytes that it sends each time. It can't put our request together
-- itself: it knows neither two headers of one name nor the length of an empty body.
function wrk.format()
   return requests_[1]
end

local threads = 0

-- wrk calls this once for each thread, before init in the thread.
function setup(thread)
   thread:set("thread_number", threads)
   threads = threads + 1
end

-- A function of this name is called for each request, which costs some of wrk's speed. So there is
-- none if all requests are the same.
if #requests_ > 1 then
   local number = #requests_
   local next_ = 0

   function init()
      math.randomseed(tonumber(seed) + thread_number)
      -- Threads that all began at the first request would send each at the same time.
      next_ = math.floor(thread_number * number / 2)
   end

   function request()
      if order == "random" then
         return requests_[math.random(number)]
      end
      next_ = next_ % number + 1
      return requests_[next_]
   end
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
