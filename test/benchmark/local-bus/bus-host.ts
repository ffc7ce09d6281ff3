import { type LocalBus, startLocalBus } from '@tidings/local';
import { answerQuestions } from '../support/worker-process.ts';

export type HostQuestion =
  | { readonly kind: 'start'; readonly rules: number }
  /** What the process has spent and kept since `start`. */
  | { readonly kind: 'report' };

export interface HostReport {
  readonly url: string;
  readonly accepted: number;
  readonly delivered: number;
  readonly cpuSeconds: number;
  readonly rssMb: number;
}

const lambda = 'arn:aws:lambda:us-east-1:000000000000:function:sink';
let bus: LocalBus | undefined;
let spent = process.cpuUsage();

answerQuestions<HostQuestion, HostReport>(async (question) => {
  if (question.kind === 'start') {
    await bus?.stop();
    bus = await startLocalBus();
    bus.handle(lambda, () => {});
    bus.applyRules({
      rules: Array.from({ length: question.rules }, (_, n) => ({
        name: `rule-${n}`,
        pattern: {
          source: [`com.acme.service${n}`],
          'detail-type': ['OrderPlaced'],
          detail: { data: { totalCents: [{ numeric: ['>=', 100] }] } },
        },
        targets: [lambda],
      })),
    });
    spent = process.cpuUsage();
  }
  const { user, system } = process.cpuUsage(spent);
  await bus?.settled();
  return {
    url: bus?.url ?? '',
    accepted: bus?.events.length ?? 0,
    delivered: bus?.deliveries.filter(({ state }) => state === 'delivered').length ?? 0,
    cpuSeconds: (user + system) / 1e6,
    rssMb: process.memoryUsage.rss() / 1e6,
  };
});
