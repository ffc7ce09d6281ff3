import type { ReplayOrder } from './archive/replay-order.ts';
import type { Clock } from './clock.ts';
import { systemClock } from './clock.ts';
import type { TargetHandler } from './delivery/target-handlers.ts';
import type { Fault } from './faults/fault.ts';
import { parseFaults } from './faults/parse-faults.ts';

/** Settings of a local bus. All have a default. */
export interface LocalBusOptions {
  /** Default: 0, a free port. */
  readonly port?: number;
  /** Address to listen on. Default: `127.0.0.1`. */
  readonly host?: string;
  /**
   * Host names, beside those of this machine, under which clients may ask the bus: a
   * request under any other name is refused, because a web page can point its own name
   * here. Addresses need not be named where `host` is not a loopback address.
   * Default: none.
   */
  readonly allowedHosts?: readonly string[];
  /**
   * What everybody must show: AWS clients as their secret access key, everyone else as
   * `Authorization: Bearer TOKEN`, or `?token=TOKEN` once for the page. The header
   * `X-Tidings-Token` serves both. Needed where `host` is not a loopback address.
   * Default: none.
   */
  readonly token?: string;
  /**
   * Buses beside `default`, as names that exist in every account and region, or as
   * ARNs. Default: none. Events to any other bus are accepted and dropped, as
   * EventBridge does.
   */
  readonly buses?: readonly string[];
  /** Twelve digits; of requests whose access key id is not an account. Default: zeros. */
  readonly account?: string;
  /** Of requests without a signature. Default: `us-east-1`. */
  readonly region?: string;
  /** Faults from the start. Default: none. */
  readonly faults?: readonly Fault[];
  /**
   * In which order a replay sends the events of an archive. `unordered`: minute after minute
   * of their time, and within a minute in any order, as the service does; which one, `seed`
   * decides. `accepted`: the order of acceptance. Default: `unordered`.
   */
  readonly replayOrder?: ReplayOrder;
  /**
   * Where the generators of unordered replays, and of faults without a seed of their own,
   * begin. Default: 1.
   */
  readonly seed?: number;
  /**
   * Total size of the entries in a request, in bytes as EventBridge counts them.
   * Default: 1,048,576; 262,144 in the regions that still have the old limit.
   */
  readonly maxRequestBytes?: number;
  /**
   * `full` keeps every event and request; `counts` only numbers and how often each
   * `eventId` came, for benchmarks. Default: `full`.
   */
  readonly journal?: 'full' | 'counts';
  /**
   * What stands for targets, by ARN: a function, or the URL that payloads are posted to
   * (for a Lambda function, what its runtime emulator listens on). Default: none.
   */
  readonly targets?: Readonly<Record<string, TargetHandler>>;
  /** Names of SQS queues that exist in `account` and `region` from the start. */
  readonly queues?: readonly string[];
  /** What `aws:PrincipalOrgID` is for every account, in policies. Default: none. */
  readonly organization?: string;
  /**
   * Folder that remembers buses, rules, archives and what they hold across restarts.
   * Default: none, all is forgotten.
   */
  readonly data?: string;
  /** Default: the machine's. Delays that faults put on the wire are always real. */
  readonly clock?: Clock;
}

/** All settings, each with a value. */
export interface ResolvedBusOptions
  extends Required<Omit<LocalBusOptions, 'organization' | 'data' | 'token'>> {
  readonly organization: string | undefined;
  readonly data: string | undefined;
  readonly token: string | undefined;
}

const minTokenLength = 16;
const names: Record<keyof LocalBusOptions, true> = {
  port: true,
  host: true,
  allowedHosts: true,
  token: true,
  buses: true,
  account: true,
  region: true,
  faults: true,
  replayOrder: true,
  seed: true,
  maxRequestBytes: true,
  journal: true,
  targets: true,
  queues: true,
  organization: true,
  data: true,
  clock: true,
};

/** @throws Error that names the option, its bound and the value. */
export async function resolveBusOptions(options: LocalBusOptions): Promise<ResolvedBusOptions> {
  // The checker is a third of what a bus would load that starts without options.
  if (typeof options !== 'object' || options === null || Object.keys(options).length > 0) {
    await checkOptions(options);
  }
  const { organization, data, token } = options;
  return Object.freeze({
    port: options.port ?? 0,
    host: options.host ?? '127.0.0.1',
    allowedHosts: options.allowedHosts ?? [],
    buses: options.buses ?? [],
    account: options.account ?? '000000000000',
    region: options.region ?? 'us-east-1',
    faults: parseFaults(options.faults ?? []),
    replayOrder: options.replayOrder ?? 'unordered',
    seed: options.seed ?? 1,
    maxRequestBytes: options.maxRequestBytes ?? 1_048_576,
    journal: options.journal ?? 'full',
    targets: options.targets ?? {},
    queues: options.queues ?? [],
    organization,
    data,
    token,
    clock: options.clock ?? systemClock,
  });
}

async function checkOptions(options: LocalBusOptions): Promise<void> {
  const { optionBounds } = await import('@tidings/contract');
  const { known, whole, oneOf } = optionBounds(Error);
  known('a local bus', options, names);
  const { port, seed, maxRequestBytes, replayOrder, journal, account, region } = options;
  if (port !== undefined) whole('port', port, 0, 65_535);
  if (seed !== undefined) whole('seed', seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  if (maxRequestBytes !== undefined) whole('maxRequestBytes', maxRequestBytes, 1, 10_485_760);
  if (replayOrder !== undefined) oneOf('replayOrder', replayOrder, ['unordered', 'accepted']);
  if (journal !== undefined) oneOf('journal', journal, ['full', 'counts']);
  if (account !== undefined && !/^\d{12}$/.test(account)) {
    throw new Error(`account must be twelve digits, got ${JSON.stringify(account)}`);
  }
  if (region !== undefined && !/^[a-z0-9-]+$/.test(region)) {
    throw new Error(`region must be a region such as us-east-1, got ${JSON.stringify(region)}`);
  }
  for (const name of ['allowedHosts', 'buses', 'queues'] as const) {
    const value: unknown = options[name];
    if (value === undefined || (Array.isArray(value) && value.every(isText))) continue;
    throw new Error(`${name} must be a list of texts, got ${JSON.stringify(value)}`);
  }
  const { host = '127.0.0.1', token } = options;
  if (!isLoopback(host) && (token ?? '').length < minTokenLength) {
    throw new Error(
      `token must have ${minTokenLength} characters or more where host is not a loopback address, got host ${host}`,
    );
  }
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
