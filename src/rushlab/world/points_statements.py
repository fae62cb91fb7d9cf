"""Statements that reduce the requests of a run to small frames; asked of the tables in `points_extract`."""

ATTEMPTS = """
SELECT "user", coalesce(status, 0) AS status, ended - coalesce(took_ms, 0) / 1000 AS started, ended
FROM requests WHERE name = ? ORDER BY ended, "user"
"""

# A request belongs to the stage in which it began, and counts for the rate of the one in which it was answered.
# The first stage also takes what a clock a little off has put before its begin.
BY_STAGE = """
WITH clock AS (SELECT ?::DOUBLE AS start),
  windows AS (SELECT unnest(?::DOUBLE[]) AS begins, unnest(?::DOUBLE[]) AS ends),
  stages AS (SELECT row_number() OVER (ORDER BY begins) - 1 AS stage,
                    CASE WHEN begins = 0 THEN '-infinity'::DOUBLE ELSE begins END AS begins, ends FROM windows),
  timed AS (SELECT ms, ended - start AS ended, ended - start - (ms + blocked_ms) / 1000 AS began FROM answers, clock),
  begun AS (
    SELECT stage, count(*) AS requests,
           quantile_cont(ms, [0.5, 0.9, 0.95, 0.99]) AS quantiles, max(ms) AS max_ms
    FROM stages JOIN timed ON began >= begins AND began < ends GROUP BY stage
  ),
  finished AS (SELECT stage, count(*) AS answered FROM stages JOIN timed ON ended >= begins AND ended < ends
               GROUP BY stage)
SELECT stage, coalesce(requests, 0)::BIGINT AS requests, coalesce(answered, 0)::BIGINT AS answered,
       quantiles[1] AS median_ms, quantiles[2] AS p90_ms, quantiles[3] AS p95_ms, quantiles[4] AS p99_ms, max_ms
FROM stages LEFT JOIN begun USING (stage) LEFT JOIN finished USING (stage)
ORDER BY stage
"""

STATUSES = "SELECT DISTINCT coalesce(status, 0) FROM answers"

_OUTCOMES = """
WITH named AS (SELECT unnest(?::INTEGER[]) AS status, unnest(?::VARCHAR[]) AS outcome),
     told AS (SELECT outcome, ms, ended FROM named JOIN answers ON named.status = coalesce(answers.status, 0))
"""

BY_OUTCOME = f"""{_OUTCOMES}
SELECT outcome, requests, quantiles[1] AS median_ms, quantiles[2] AS p95_ms, quantiles[3] AS p99_ms,
       max_ms, first, last
FROM (SELECT outcome, count(*) AS requests, quantile_cont(ms, [0.5, 0.95, 0.99]) AS quantiles, max(ms) AS max_ms,
             min(ended) AS first, max(ended) AS last FROM told GROUP BY outcome)
ORDER BY outcome
"""

OUTCOMES_PER_SECOND = f"""{_OUTCOMES}
SELECT greatest(floor(ended - ?), 0)::BIGINT AS second, outcome, count(*) AS requests
FROM told GROUP BY ALL ORDER BY ALL
"""

PER_SECOND = """
WITH seen AS (
    SELECT ended, ms, 0 AS request, 0 AS failed FROM answers
    UNION ALL SELECT ended, NULL, 1, 0 FROM requests
    UNION ALL SELECT ended, NULL, 0, (metric <> 'vus')::INTEGER
    FROM others WHERE metric IN ('vus', 'http_req_failed')
  ),
  seconds AS (
    SELECT greatest(floor(ended - ?), 0)::BIGINT AS second, sum(request)::BIGINT AS requests,
           sum(failed)::BIGINT AS failed, quantile_cont(ms, [0.5, 0.9, 0.95]) AS quantiles, max(ms) AS max_ms
    FROM seen GROUP BY second
  )
SELECT second, requests, failed, quantiles[1] AS p50_ms, quantiles[2] AS p90_ms, quantiles[3] AS p95_ms, max_ms
FROM seconds ORDER BY second
"""

# Only its user ties an iteration to its request, so those who asked more than once are left out.
LATENESS = """
WITH users AS (
    SELECT sum(iterations) AS iterations, sum(requests) AS requests,
           sum(CASE WHEN iterations = 1 THEN ms ELSE -ms END) AS beyond_ms
    FROM lengths WHERE "user" IS NOT NULL GROUP BY "user"
  )
SELECT count(*) AS pairs, quantile_cont(beyond_ms - ?, 0.95) AS p95_ms
FROM users WHERE iterations = 1 AND requests = 1
"""

# Groups of several requests, without user metadata, count with their mean.
WINDOW = """
WITH begun AS (SELECT ms FROM requests WHERE status = ? AND ended - took_ms / 1000 >= ? AND ended - took_ms / 1000 < ?)
SELECT count(ms), quantile_cont(ms, ?::DOUBLE[]) FROM begun
"""

# k6 stamps an iteration's duration (ms, its pause included) at its end. A closed user is always within one, so counting
# them is exact where k6's own sample, one a second, may be a whole second of a ramp away.
BEGINS, ENDS = "SELECT moment FROM begins", "SELECT moment FROM ends"

VUS = "SELECT ended AS time, value AS vus FROM others WHERE metric = 'vus' ORDER BY 1"

COUNT = "SELECT points, total FROM counts WHERE metric = ?"
