-- Run by wrk (-s). Sets up the request, and writes exact figures as JSON when wrk is done;
-- pytest_djworkers/load/wrk.py reads them. Paths come through the environment.

local ffi = require("ffi")

local file = assert(io.open(os.getenv("DJWORKERS_WRK_REQUEST"), "rb"))
local request_ = file:read("*a")
file:close()

-- Called once, for the bytes that are sent each time: as wrk itself puts a request together, it
-- has neither two headers of one name nor a length of no body.
function wrk.format()
   return request_
end

-- wrk hands its array of counts over as an opaque object: count, limit, min, max, then a
-- counter for every microsecond. Believed only if min and max are what the interface says.
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
      '{"duration_us":%d,"requests":%d,"bytes":%d,"connect":%d,"read":%d,"write":%d,'
         .. '"status":%d,"timeout":%d,"corrected":',
      summary.duration, summary.requests, summary.bytes, errors.connect, errors.read,
      errors.write, errors.status, errors.timeout))
   if summary.requests == errors.timeout then
      file:write("[]}\n")
   else
      local list = counts(latency)
      file:write(list and "[" .. table.concat(list, ",") .. "]}\n" or "null}\n")
   end
   file:close()
end
