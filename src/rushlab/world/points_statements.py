"""Statements that reduce the points of a run to small frames; `points_sql.Points` asks them of `points`."""

# The nine points of one request share their time stamp, tags and metadata, and nothing else names the request.
# Two requests that share even these (only without user metadata) stay two rows, with their mean length.
# k6's `blocked` is the wait for a connection and holds connecting and TLS already, so they are not added again.
ATTEMPTS = """
, requests AS (
    SELECT time, tags, metadata,
           count_if(metric = 'http_reqs') AS n,
           sum(value) FILTER (WHERE metric <> 'http_reqs') / count_if(metric = 'http_reqs') AS took_ms
    FROM points
    WHERE metric IN ('http_reqs', 'http_req_blocked', 'http_req_duration')
      AND json_extract_string(tags, '/name') = ?
    GROUP BY time, tags, metadata
)
SELECT TRY_CAST(json_extract_string(metadata, '/user') AS BIGINT) AS "user",
       coalesce(TRY_CAST(json_extract_string(tags, '/status') AS INTEGER), 0) AS status,
       epoch(time) - coalesce(took_ms, 0) / 1000 AS started,
       epoch(time) AS ended
FROM (SELECT *, unnest(range(n::BIGINT)) FROM requests WHERE n > 0)
ORDER BY ended, "user"
"""

# A request belongs to the stage in which it began, and counts for the rate of the one in which it was answered.
# k6 writes a request's wait for a connection right after its duration. The window has no ORDER BY: DuckDB then keeps
# the file's order and needs no sort (a quarter of a gigabyte for a million requests); `apart` checks that it did.
# The first stage also takes what a clock a little off has put before its begin.
BY_STAGE = """
, clock AS (SELECT ?::DOUBLE AS start),
  windows AS (SELECT unnest(?::DOUBLE[]) AS begins, unnest(?::DOUBLE[]) AS ends),
  stages AS (SELECT row_number() OVER (ORDER BY begins) - 1 AS stage,
                    CASE WHEN begins = 0 THEN '-infinity'::DOUBLE ELSE begins END AS begins, ends FROM windows),
  pairs AS (
    SELECT metric, time, value, lead(metric) OVER lines AS next_metric, lead(time) OVER lines AS next_time,
           lead(value) OVER lines AS next_value, lead(file_row_number) OVER lines - file_row_number AS apart
    FROM points WHERE metric IN ('http_req_blocked', 'http_req_duration')
    WINDOW lines AS ()
  ),
  requests AS (
    SELECT value AS ms, epoch(time) - start AS ended,
           epoch(time) - start - (value + CASE WHEN next_metric = 'http_req_blocked' AND next_time = time AND apart > 0
                                               THEN next_value ELSE 0 END) / 1000 AS began
    FROM pairs, clock WHERE metric = 'http_req_duration'
  ),
  begun AS (
    SELECT stage, count(*) AS requests,
           quantile_cont(ms, [0.5, 0.9, 0.95, 0.99]) AS quantiles, max(ms) AS max_ms
    FROM stages JOIN requests ON began >= begins AND began < ends GROUP BY stage
  ),
  finished AS (SELECT stage, count(*) AS answered FROM stages JOIN requests ON ended >= begins AND ended < ends
               GROUP BY stage),
  users AS (SELECT stage, avg(value) AS mean_vus FROM stages, points, clock
            WHERE metric = 'vus' AND epoch(time) - start >= begins AND epoch(time) - start < ends GROUP BY stage)
SELECT stage, coalesce(requests, 0)::BIGINT AS requests, coalesce(answered, 0)::BIGINT AS answered, mean_vus,
       quantiles[1] AS median_ms, quantiles[2] AS p90_ms, quantiles[3] AS p95_ms, quantiles[4] AS p99_ms, max_ms
FROM stages LEFT JOIN begun USING (stage) LEFT JOIN finished USING (stage) LEFT JOIN users USING (stage)
ORDER BY stage
"""

STATUSES = """
SELECT DISTINCT coalesce(TRY_CAST(json_extract_string(tags, '/status') AS INTEGER), 0)
FROM points WHERE metric = 'http_req_duration'
"""

BY_OUTCOME = """
, outcomes AS (SELECT unnest(?::INTEGER[]) AS status, unnest(?::VARCHAR[]) AS outcome)
SELECT outcome, count(*) AS requests, quantile_cont(value, 0.5) AS median_ms, quantile_cont(value, 0.95) AS p95_ms,
       quantile_cont(value, 0.99) AS p99_ms, max(value) AS max_ms, epoch(min(time)) AS first, epoch(max(time)) AS last
FROM points JOIN outcomes ON status = coalesce(TRY_CAST(json_extract_string(tags, '/status') AS INTEGER), 0)
WHERE metric = 'http_req_duration' GROUP BY outcome ORDER BY outcome
"""

PER_SECOND = """
SELECT greatest(floor(epoch(time) - ?), 0)::BIGINT AS second,
       arg_max(value, file_row_number) FILTER (WHERE metric = 'vus') AS vus,
       count_if(metric = 'http_reqs') AS requests,
       count_if(metric = 'http_req_failed' AND value <> 0) AS failed,
       quantile_cont(value, 0.5) FILTER (WHERE metric = 'http_req_duration') AS p50_ms,
       quantile_cont(value, 0.9) FILTER (WHERE metric = 'http_req_duration') AS p90_ms,
       quantile_cont(value, 0.95) FILTER (WHERE metric = 'http_req_duration') AS p95_ms,
       max(value) FILTER (WHERE metric = 'http_req_duration') AS max_ms
FROM points
WHERE metric IN ('vus', 'http_reqs', 'http_req_failed', 'http_req_duration')
GROUP BY second ORDER BY second
"""

# Only its user ties an iteration to its request, so those who asked more than once are left out. k6's `blocked` holds
# connecting and TLS already.
LATENESS = """
, named AS (
    SELECT metric, value, TRY_CAST(json_extract_string(metadata, '/user') AS BIGINT) AS "user"
    FROM points WHERE metric IN ('http_req_blocked', 'http_req_duration', 'iteration_duration')
  ),
  users AS (
    SELECT count_if(metric = 'iteration_duration') AS iterations, count_if(metric = 'http_req_duration') AS requests,
           sum(CASE WHEN metric = 'iteration_duration' THEN value ELSE -value END) AS beyond_ms
    FROM named WHERE "user" IS NOT NULL GROUP BY "user"
  )
SELECT count(*) AS pairs, quantile_cont(beyond_ms - ?, 0.95) AS p95_ms
FROM users WHERE iterations = 1 AND requests = 1
"""

OUTCOMES_PER_SECOND = """
, outcomes AS (SELECT unnest(?::INTEGER[]) AS status, unnest(?::VARCHAR[]) AS outcome)
SELECT greatest(floor(epoch(time) - ?), 0)::BIGINT AS second, outcome, count(*) AS requests
FROM points JOIN outcomes ON status = coalesce(TRY_CAST(json_extract_string(tags, '/status') AS INTEGER), 0)
WHERE metric = 'http_req_duration' GROUP BY ALL ORDER BY ALL
"""
