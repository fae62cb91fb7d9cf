"""Any k6 script's output gives k6's own figures, for every metric and sub-metric it prints."""

import json
import math
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jsonschema
import pytest

from rushlab.world.k6_binary import find_k6
from rushlab.world.points import disagreements, figures, ingest
from rushlab.world.summary import read_summary

pytestmark = [pytest.mark.tool, pytest.mark.xdist_group("k6")]  # one port of k6's own

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/ingest.schema.json").read_text())

SCRIPT = """
import http from 'k6/http';
import { check, group, sleep } from 'k6';
import { Counter, Gauge, Rate, Trend } from 'k6/metrics';
const sizes = new Counter('sizes'), level = new Gauge('level'), good = new Rate('good'), wait = new Trend('wait', true);
new Trend('plain_numbers');
export const options = {
  scenarios: {
    steady: { executor: 'constant-vus', vus: 5, duration: '2s' },
    arrivals: { executor: 'constant-arrival-rate', rate: 40, duration: '2s', preAllocatedVUs: 5, startTime: '0.5s' },
  },
  thresholds: {
    http_req_duration: ['p(95)<1000', 'max<5000'],
    'http_req_duration{status:200}': ['avg<1000'],
    'http_req_duration{scenario:steady}': ['p(90)<1000'],
    'http_req_duration{status:599}': ['p(95)<1'],
    'http_reqs{scenario:arrivals}': ['count>0'],
    'http_req_failed{name:odd/~page}': ['rate<=1'],
    'wait{kind:a:b}': ['avg>=0'],
    'wait{kind:a:b,half:1}': [],
    'sizes{kind:none}': ['count>=0'],
    'level{kind:x}': ['value>=0'],
    'good{kind:x}': ['rate>=0'],
    'good{kind:none}': ['rate>=0'],
    'checks{check:random}': ['rate>=0'],
    'iteration_duration{scenario:steady}': ['med<5000'],
    'group_duration{group:::outer::inner}': ['max>=0'],
  },
  systemTags: [
    'status', 'url', 'name', 'method', 'scenario', 'group', 'check', 'expected_response', 'error', 'vu', 'iter',
  ],
};
export default function () {
  group('outer', () => group('inner', () => {
    const page = Math.random() < 0.3 ? '404' : '200';
    const tags = page === '404' ? { name: 'odd/~page' } : {};
    const answer = http.get(`${__ENV.TARGET}/${page}?n=${__ITER}`, { tags });
    check(answer, { random: () => Math.random() < 0.7, always: () => true });
  }));
  if (Math.random() < 0.1) http.get('http://127.0.0.1:9/refused');
  sizes.add(Math.random() / 3, { kind: 'x' });
  level.add(Math.random() * 100 - 50, { kind: 'x' });
  good.add(Math.random() < 0.4, { kind: 'x' });
  wait.add(Math.random() * 10, { kind: 'a:b', half: String(__ITER % 2) });
  wait.add(Math.random() * 1e-6, { kind: 'other' });
  sleep(0.02);
}
export function handleSummary(data) {
  return { [__ENV.SUMMARY]: JSON.stringify(data) };
}
"""


class Pages(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(int(self.path[1:4]))
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format, *args):
        """Quiet."""


def run_k6(folder, target, script, *outputs, summary_export=None):
    told = ["-e", f"TARGET={target}", "-e", f"SUMMARY={folder / 'summary.json'}"]
    outs = [part for name in outputs for part in ("--out", f"json={folder / name}")]
    export = ["--summary-export", folder / summary_export] if summary_export else []
    command = [find_k6(), "run", "--quiet", "--no-usage-report", "--address", "", *told, *outs, *export]
    subprocess.run([*command, folder / script], check=False, capture_output=True)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Two runs of k6: points plain and gzipped with a handleSummary, and plain with --summary-export."""
    folder = tmp_path_factory.mktemp("recorded")
    (folder / "script.js").write_text(SCRIPT)
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        target = f"http://127.0.0.1:{server.server_port}"
        (folder / "export.js").write_text(SCRIPT.replace("handleSummary", "unused"))
        run_k6(folder, target, "script.js", "points.json", "points.json.gz")
        run_k6(folder, target, "export.js", "export-points.json", summary_export="export.json")
        server.shutdown()
        thread.join()
    return folder


@pytest.mark.parametrize(
    ("points", "summary"),
    [("points.json", "summary.json"), ("points.json.gz", "summary.json"), ("export-points.json", "export.json")],
)
def test_every_metric_and_submetric_is_k6s(recorded, tmp_path, points, summary):
    ingest(recorded / points, tmp_path / "points.parquet")
    theirs = read_summary(recorded / summary)
    ours = figures(tmp_path / "points.parquet", theirs)
    jsonschema.validate(ours, SCHEMA)
    assert set(theirs.metrics) == set(ours["metrics"])
    assert len([name for name in theirs.metrics if "{" in name]) >= 14
    assert disagreements(ours, theirs, relative=1e-9) == []
    for name, values in theirs.metrics.items():
        for key in values.keys() & {"count", "passes", "fails", "min", "max", "med", "p(90)", "p(95)", "value"}:
            if key == "count" and "rate" in values:
                continue
            # Of 10,000 values k6's JavaScript engine prints one with a digit too few: the double beside it.
            assert abs(ours["metrics"][name][key] - values[key]) <= math.ulp(values[key]), f"{name} {key} is exact"


def test_plain_and_gzipped_points_give_the_same_figures(recorded, tmp_path):
    found = []
    for name in ("points.json", "points.json.gz"):
        ingest(recorded / name, tmp_path / "points.parquet")
        found.append(figures(tmp_path / "points.parquet"))
    assert found[0] == found[1]


def test_rate_without_the_summary_is_near_k6s_and_says_what_it_is(recorded, tmp_path):
    ingest(recorded / "points.json.gz", tmp_path / "points.parquet")
    ours = figures(tmp_path / "points.parquet")["metrics"]["http_reqs"]
    theirs = read_summary(recorded / "summary.json").metrics["http_reqs"]
    assert ours["rate_source"] == "points span"
    assert ours["rate"] == pytest.approx(theirs["rate"], rel=0.2)


def test_lines_are_counted_as_they_stand(recorded, tmp_path):
    result = ingest(recorded / "points.json", tmp_path / "points.parquet")
    lines = (recorded / "points.json").read_text().splitlines()
    assert result.lines == len(lines)
    assert result.points == sum('"type":"Point"' in line for line in lines)
