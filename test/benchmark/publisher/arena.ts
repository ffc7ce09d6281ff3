import { type WorkerProcess, workerProcess } from '../support/worker-process.ts';
import type { Contestant, RunOrder, RunReport } from './contestant.ts';
import type { StubQuestion, StubReport, StubSettings } from './stub-bus.ts';

export interface Bout {
  readonly contestant: Contestant;
  readonly count: number;
  readonly concurrency: number;
  readonly stub: StubSettings;
  readonly noteBytes?: readonly [number, number];
}

/** One audited run. */
export interface Round {
  readonly eventsPerSecond: number;
  readonly cpuMicrosPerEvent: number;
  readonly requests: number;
  readonly accepted: number;
  readonly duplicates: number;
}

/** After one turn, compiled code of the fastest contestant is still getting faster. */
const WARM_UP_TURNS = 2;

/** The stub bus and a process for each contestant. */
export interface Arena extends AsyncDisposable {
  /**
   * Runs the bouts in turn, `rounds` times, after `WARM_UP_TURNS` that do not count. Returns
   * the rounds of each bout, under its name.
   * @throws Error where the stub's books and a contestant's report disagree.
   */
  fight<Name extends string>(
    bouts: Readonly<Record<Name, Bout>>,
    rounds: number,
  ): Promise<Readonly<Record<Name, readonly Round[]>>>;
}

export function openArena(): Arena {
  const stub = workerProcess<StubQuestion, StubReport>(new URL('./stub-bus.js', import.meta.url));
  const workers = new Map<Contestant, WorkerProcess<RunOrder, RunReport>>();

  function workerFor(contestant: Contestant): WorkerProcess<RunOrder, RunReport> {
    const worker =
      workers.get(contestant) ??
      workerProcess<RunOrder, RunReport>(new URL('./contestant.js', import.meta.url), [
        '--expose-gc',
      ]);
    workers.set(contestant, worker);
    return worker;
  }

  async function round(bout: Bout): Promise<Round> {
    const { contestant, count, concurrency, noteBytes = [0, 0] } = bout;
    const { url } = await stub.ask({ kind: 'reset', settings: bout.stub });
    const order = { contestant, url, count, concurrency, noteBytes };
    const report = await workerFor(contestant).ask(order);
    const books = await stub.ask({ kind: 'report' });
    audit(bout, report, books);
    return {
      eventsPerSecond: (report.accepted / report.wallMs) * 1000,
      cpuMicrosPerEvent: (report.cpuMs / report.accepted) * 1000,
      requests: books.requests,
      accepted: report.accepted,
      duplicates: books.accepted - books.distinct,
    };
  }

  return {
    async fight<Name extends string>(bouts: Readonly<Record<Name, Bout>>, rounds: number) {
      const names = Object.keys(bouts) as Name[];
      const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
        Name,
        Round[]
      >;
      for (let turn = -WARM_UP_TURNS; turn < rounds; turn += 1) {
        for (const name of names) {
          const result = await round(bouts[name]);
          if (turn >= 0) results[name].push(result);
        }
      }
      return results;
    },
    async [Symbol.asyncDispose]() {
      for (const worker of workers.values()) await worker[Symbol.asyncDispose]();
      await stub[Symbol.asyncDispose]();
    },
  };
}

/** A figure whose events cannot be accounted for is no figure. */
function audit({ contestant, count }: Bout, report: RunReport, books: StubReport): void {
  const raw = contestant.startsWith('raw');
  const wanted = raw ? count - books.throttled : count;
  if (report.accepted !== wanted || books.distinct !== report.accepted) {
    throw new Error(
      `${contestant} reports ${report.accepted} of ${wanted} events, the bus holds ${books.distinct}`,
    );
  }
  if (books.accepted !== books.distinct) {
    throw new Error(`${contestant} sent ${books.accepted - books.distinct} events twice`);
  }
}
