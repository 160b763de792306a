-- SPDX-License-Identifier: Apache-2.0
-- wrk's side of the benchmark: `wrk -s requests.lua URL -- KIND AUTHORIZATION RECORDS`
-- Prints one line that begins with "result": requests a second, p50 and p99 in milliseconds, answers that were no 200.

local kind, records, next_id, step
local threads = {}

function setup(thread)
	table.insert(threads, thread)
	thread:set("number", #threads)
end

function init(args)
	kind, records = args[1], tonumber(args[3])
	wrk.method = "POST"
	wrk.headers["Content-Type"] = "application/json"
	wrk.headers["Authorization"] = args[2]
	math.randomseed(number * 7919)
	-- New keys: far above the loaded ones, a stretch of its own for each thread.
	next_id = number * 100000000
end

local function record(id)
	return string.format('{"id":%d,"name":"name %d","group":%d,"price":%.2f,"city":"city %d","active":%s,"note":"a note of some length, number %d"}',
		id, id, id % 345, id / 7, id % 1000, id % 2 == 0 and "true" or "false", id)
end

local function body()
	if kind == "one" then
		return string.format('{"operation":"search_by_id","database":"bench","table":"t","ids":[%d],"get_attributes":["*"]}', math.random(1, records))
	elseif kind == "twenty" then
		local ids = {}
		for i = 1, 20 do ids[i] = math.random(1, records) end
		return '{"operation":"search_by_id","database":"bench","table":"t","ids":[' .. table.concat(ids, ",") .. '],"get_attributes":["id","name","price"]}'
	elseif kind == "value" then
		return string.format('{"operation":"search_by_value","database":"bench","table":"t","attribute":"group","value":%d,"get_attributes":["*"]}', math.random(0, 344))
	elseif kind == "conditions" then
		return string.format('{"operation":"search_by_conditions","database":"bench","table":"t","conditions":[{"attribute":"group","comparator":"equals","value":%d},{"attribute":"active","comparator":"equals","value":true}],"sort":{"attribute":"name"},"limit":10,"get_attributes":["id","name"]}', math.random(0, 344))
	elseif kind == "describe" then
		return '{"operation":"describe_table","database":"bench","table":"t"}'
	elseif kind == "insert" then
		next_id = next_id + 1
		return '{"operation":"insert","database":"bench","table":"w","records":[' .. record(next_id) .. ']}'
	elseif kind == "update" then
		local id = math.random(1, records)
		return string.format('{"operation":"update","database":"bench","table":"t","records":[{"id":%d,"price":%.2f}]}', id, math.random() * 1000)
	elseif kind == "bulk" then
		local rows = {}
		for i = 1, 1000 do
			next_id = next_id + 1
			rows[i] = record(next_id)
		end
		return '{"operation":"insert","database":"bench","table":"b","records":[' .. table.concat(rows, ",") .. ']}'
	end
	error("no such kind: " .. kind)
end

function request()
	return wrk.format(nil, "/", nil, body())
end

function done(summary, latency)
	io.write(string.format("result %.1f %.3f %.3f %d\n", summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1000,
		latency:percentile(99) / 1000, summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
