// Drives the coupon service with one profile of profiles.json: one request per iteration.
//
// Everything it is told comes from the environment (README.md beside this file lists it); all of
// it has defaults, so `k6 run k6/coupons.js` alone is a smoke test of 127.0.0.1:8080.
import http from 'k6/http';
import exec from 'k6/execution';
import { check, sleep } from 'k6';
import { Rate } from 'k6/metrics';

const table = JSON.parse(open('./profiles.json'));

const baseUrl = privateOrigin(__ENV.BASE_URL || 'http://127.0.0.1:8080');
const couponId = number('COUPON_ID', 1, 0);
const scale = number('SCALE', 1, Number.MIN_VALUE);
const repeatUsers = number('REPEAT_USERS', 0, 0, 1);
const seed = number('SEED', 1, 0);
const firstUser = number('FIRST_USER', 1, 0);
const model = oneOf('MODEL', 'closed', ['closed', 'open']);
const profile = table.profiles[oneOf('PROFILE', 'smoke', Object.keys(table.profiles))];
const ownPeak = Math.max(profile.vus || 0, ...(profile.stages || []).map(([, planned]) => planned));
const peak = number('PEAK', ownPeak, 1);

const ISSUED = 201;
const EXPECTED = [ISSUED, 409, 410]; // already issued and sold out are answers, not failures
http.setResponseCallback(http.expectedStatuses(...EXPECTED));

const successRate = new Rate('success_rate');
const checks = { 'issued, already issued or sold out': (response) => EXPECTED.includes(response.status) };
const target = `${baseUrl}/coupons/${couponId}/issue`;
// Shorter than k6's graceful stop (30 s): an interrupted iteration would leave no trace of a request that was sent.
const TIMEOUT = '25s';
const request = { headers: { 'Content-Type': 'application/json' }, tags: { name: 'issue' }, timeout: TIMEOUT };

export const options = {
  scenarios: { issue: model === 'open' ? openScenario() : closedScenario() },
  thresholds: profile.thresholds ?? table.thresholds,
  discardResponseBodies: true,
  maxRedirects: 0, // a redirect must not lead the load to another host
  // Every tag is written nine times per request. The URL is the same for all; who asked travels as metadata.
  systemTags: ['status', 'method', 'name', 'scenario', 'check', 'expected_response', 'error_code'],
  summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)', 'p(99)', 'count'],
};

// k6 makes both objects anew at each look, a tenth of what it takes for a request; what they tell stays true.
let scenario, metadata;

export default function issue() {
  scenario = scenario || exec.scenario;
  metadata = metadata || exec.vu.metrics.metadata;
  const user = userOf(scenario.iterationInTest);
  metadata.user = String(user);
  const response = http.post(target, `{"user_id":${user}}`, request);
  successRate.add(response.status === ISSUED);
  check(response, checks);
  if (model === 'closed') sleep(profile.pause_s ?? table.pause_s);
}

// With nothing returned, k6 prints its own summary.
export function handleSummary(data) {
  return __ENV.SUMMARY ? { [__ENV.SUMMARY]: JSON.stringify(data) } : undefined;
}

function closedScenario() {
  if (profile.executor === 'constant-vus') {
    return { executor: 'constant-vus', vus: height(profile.vus), duration: milliseconds(profile.duration_s) };
  }
  return { executor: 'ramping-vus', startVUs: 0, stages: stages() };
}

// The same shape, its heights read as arrivals per second (a virtual user that pauses 1 s sends about one).
function openScenario() {
  // A service that answers within a second needs `peak` virtual users; twice that before arrivals are dropped.
  const users = { timeUnit: '1s', preAllocatedVUs: Math.max(peak, 10), maxVUs: Math.max(2 * peak, 20) };
  if (profile.executor === 'constant-vus') {
    return { executor: 'constant-arrival-rate', rate: height(profile.vus), duration: milliseconds(profile.duration_s), ...users };
  }
  return { executor: 'ramping-arrival-rate', startRate: 0, stages: stages(), ...users };
}

function stages() {
  return profile.stages.map(([seconds, planned]) => ({ duration: milliseconds(seconds), target: height(planned) }));
}

// The planned virtual users (or arrivals per second), drawn so that the highest of the profile is PEAK.
function height(planned) {
  return Math.floor(planned * (peak / ownPeak) + 0.5);
}

function milliseconds(seconds) {
  return `${Math.round(seconds * (profile.scaled === false ? 1 : scale) * 1000)}ms`;
}

// The user of the n-th iteration of the whole test: a new one or, with probability REPEAT_USERS, one who asked
// before. Depends on SEED and n only, so every virtual user and every k6 instance agrees without shared state.
function userOf(iteration) {
  if (!isRepeat(iteration)) return firstUser + iteration;
  let earlier = repeatUsers === 1 ? 0 : Math.floor(fraction(iteration, seed + 1) * iteration);
  while (isRepeat(earlier)) earlier -= 1;
  return firstUser + earlier;
}

function isRepeat(iteration) {
  return iteration > 0 && fraction(iteration, seed) < repeatUsers;
}

// A number in [0, 1) from two integers (the finaliser of MurmurHash3).
function fraction(n, salt) {
  let h = Math.imul(n ^ Math.imul(salt + 1, 0x9e3779b1), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  return ((h ^ (h >>> 15)) >>> 0) / 4294967296;
}

// Load goes to this machine or a private network only. Names other than localhost are refused, because a
// script cannot know where they lead.
function privateOrigin(url) {
  const host = (/^https?:\/\/(localhost|[0-9.]+|\[[0-9a-f:]+\])(:[0-9]+)?\/?$/i.exec(url) || [])[1];
  if (host === undefined || !isPrivate(host.toLowerCase())) {
    throw new Error(
      `BASE_URL ${JSON.stringify(url)} is refused: load goes only to localhost or to a loopback or private ` +
        'address (127.x, 10.x, 172.16-31.x, 192.168.x, ::1, fc00::/7), written as http://ADDRESS:PORT.',
    );
  }
  return url.replace(/\/$/, '');
}

function isPrivate(host) {
  if (host === 'localhost' || host === '[::1]' || /^\[f[cd][0-9a-f]{2}:/.test(host)) return true;
  const bytes = /^(0|[1-9][0-9]{0,2})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host);
  if (bytes === null || bytes.slice(1).some((byte) => Number(byte) > 255)) return false;
  const [first, second] = [Number(bytes[1]), Number(bytes[2])];
  return (
    first === 127 || first === 10 || (first === 172 && second >= 16 && second < 32) || (first === 192 && second === 168)
  );
}

function number(name, preset, minimum, maximum = Infinity) {
  const value = Number(__ENV[name] || preset);
  if (!(value >= minimum && value <= maximum)) {
    throw new Error(`${name} cannot be ${JSON.stringify(__ENV[name])}: it is a number from ${minimum} to ${maximum}.`);
  }
  return value;
}

function oneOf(name, preset, known) {
  const value = __ENV[name] || preset;
  if (!known.includes(value)) {
    throw new Error(`${name} ${JSON.stringify(value)} is not known: there are ${known.join(', ')}.`);
  }
  return value;
}
