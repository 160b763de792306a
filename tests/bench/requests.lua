-- SPDX-License-Identifier: Apache-2.0
-- wrk's side of the benchmark: `wrk -s requests.lua URL -- KIND AUTHORIZATION RECORDS DATABASE TABLE RUN`
-- TABLE is where new records go; what reads or changes records is about table t. RUN, a number, keeps the keys of runs apart.
-- Prints one line that begins with "result": requests a second, p50 and p99 in milliseconds, answers that were no 200, bytes of an answer.
-- It has no response function: wrk would call that for each answer, and what the generator costs is taken from the faster of two servers
-- most. What is answered is looked at outside of the measured time.

local kind, close, records, place, new_place, next_id
local threads = {}

function setup(thread)
	table.insert(threads, thread)
	thread:set("number", #threads)
end

function init(args)
	kind, close = args[1]:gsub("_close$", "") -- each request on a connection of its own
	records = tonumber(args[3])
	if close > 0 then wrk.headers["Connection"] = "close" end
	wrk.method = "POST"
	wrk.headers["Content-Type"] = "application/json"
	wrk.headers["Authorization"] = args[2]
	math.randomseed(number * 7919)
	place = string.format('"database":"%s","table":"t"', args[4])
	new_place = string.format('"database":"%s","table":"%s"', args[4], args[5])
	-- New keys: far above the loaded ones, a stretch of its own for each thread of each run.
	next_id = (tonumber(args[6]) * 10 + number) * 100000000
end

local function record(id)
	return string.format('{"id":%d,"name":"name %d","group":%d,"price":%.2f,"city":"city %d","active":%s,"note":"a note of some length, number %d"}',
		id, id, id % 345, id / 7, id % 1000, id % 2 == 0 and "true" or "false", id)
end

local bodies = {}

function bodies.one()
	return string.format('{"operation":"search_by_id",%s,"ids":[%d],"get_attributes":["*"]}', place, math.random(1, records))
end

function bodies.five()
	return string.format('{"operation":"search_by_id",%s,"ids":[%d],"get_attributes":["id","name","group","price","city"]}', place,
		math.random(1, records))
end

function bodies.twenty()
	local ids = {}
	for i = 1, 20 do ids[i] = math.random(1, records) end
	return string.format('{"operation":"search_by_id",%s,"ids":[%s],"get_attributes":["id","name","price"]}', place, table.concat(ids, ","))
end

local function by_group(more)
	return string.format('{"operation":"search_by_value",%s,"attribute":"group","value":%d,"get_attributes":["*"]%s}', place, math.random(0, 344), more)
end

function bodies.value()
	return by_group("")
end

function bodies.limited()
	return by_group(',"limit":20')
end

function bodies.unique()
	return string.format('{"operation":"search_by_value",%s,"attribute":"name","value":"name %d","get_attributes":["*"]}', place, math.random(1, records))
end

function bodies.conditions()
	return string.format('{"operation":"search_by_conditions",%s,"conditions":[{"attribute":"group","comparator":"equals","value":%d},{"attribute":"active","comparator":"equals","value":true}],"sort":{"attribute":"name"},"limit":10,"get_attributes":["id","name"]}',
		place, math.random(0, 344))
end

local function sql(text)
	return string.format('{"operation":"sql","sql":"%s"}', text:gsub('"', '\\"'))
end

function bodies.sql_one()
	return sql(string.format("SELECT * FROM bench.t WHERE id = %d", math.random(1, records)))
end

function bodies.sql_group()
	return sql(string.format('SELECT active, count(*) AS n, avg(price) AS p FROM bench.t WHERE `group` = %d GROUP BY active', math.random(0, 344)))
end

function bodies.sql_count()
	return sql("SELECT count(*) FROM bench.t")
end

function bodies.describe()
	return string.format('{"operation":"describe_table",%s}', place)
end

function bodies.describe_all()
	return '{"operation":"describe_all"}'
end

function bodies.insert()
	next_id = next_id + 1
	return string.format('{"operation":"insert",%s,"records":[%s]}', new_place, record(next_id))
end

function bodies.update()
	return string.format('{"operation":"update",%s,"records":[{"id":%d,"price":%.2f}]}', place, math.random(1, records), math.random() * 1000)
end

function bodies.bulk()
	local rows = {}
	for i = 1, 1000 do
		next_id = next_id + 1
		rows[i] = record(next_id)
	end
	return string.format('{"operation":"insert",%s,"records":[%s]}', new_place, table.concat(rows, ","))
end

function request()
	return wrk.format(nil, "/", nil, bodies[kind]())
end

function done(summary, latency)
	io.write(string.format("result %.1f %.3f %.3f %d %.1f\n", summary.requests / (summary.duration / 1e6), latency:percentile(50) / 1000,
		latency:percentile(99) / 1000, summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout,
		summary.bytes / summary.requests))
end
