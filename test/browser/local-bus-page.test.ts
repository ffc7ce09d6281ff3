import {
  CreateArchiveCommand,
  DescribeRuleCommand,
  PutEventsCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { defineEvent } from '@tidings/contract';
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { browserPath, openBrowser } from '../support/browser.ts';
import { type BusFixture, busFixture } from '../support/bus-fixture.ts';
import { eventually } from '../support/eventually.ts';

/** Milliseconds of each frame, sorted, while the list is scrolled from end to end. */
const scrollThrough = `(async () => {
  const scroller = document.getElementById('list');
  const frames = [];
  for (let step = 0; step <= 100; step += 1) {
    scroller.scrollTop = (scroller.scrollHeight * step) / 100;
    const start = performance.now();
    // A message that is sent before a frame is painted comes when it has been.
    const painted = new MessageChannel();
    const comes = new Promise((resolve) => { painted.port1.onmessage = resolve; });
    requestAnimationFrame(() => painted.port2.postMessage('painted'));
    await comes;
    painted.port1.close();
    frames.push(Math.round(performance.now() - start));
  }
  return frames.sort((a, b) => a - b);
})()`;

/** Contrast of the body's text by WCAG's formula, and whether the page is dark. */
const textContrast = `(() => {
  const luminance = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).map((part) => {
      const value = part / 255;
      return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const style = getComputedStyle(document.body);
  const text = luminance(style.color);
  const back = luminance(style.backgroundColor);
  const [light, dark] = [Math.max(text, back), Math.min(text, back)];
  return { ratio: (light + 0.05) / (dark + 0.05), isDark: back < 0.5 };
})()`;

/** How far in each event of a correlation is shown. */
const causalDepths = `[...document.querySelectorAll('article li')]
  .map((item) => item.style.getPropertyValue('--depth'))`;

const OrderPlaced = defineEvent({
  source: 'com.acme.orders',
  detailType: 'OrderPlaced',
  version: '1.0',
  data: z.object({
    orderId: z.string().meta({ examples: ['7781'] }),
    totalCents: z.int(),
    currency: z.enum(['USD', 'CAD']),
  }),
  idempotencyKey: (order) => `order-${order.orderId}-placed`,
});

const textOf = async (found: Locator) => (await found.textContent()) ?? '';

describe.skipIf(browserPath === undefined)(
  "the bus's page (skipped where there is no chromium)",
  () => {
    const lambda = 'arn:aws:lambda:eu-west-1:000000000000:function:f';
    let browser: Awaited<ReturnType<typeof openBrowser>>;
    let page: Page;
    let on: BusFixture;
    const problems: string[] = [];

    beforeAll(async () => {
      browser = await openBrowser();
      page = browser.context.pages()[0] ?? (await browser.context.newPage());
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(message.text());
      });
    });
    afterAll(() => browser.close());
    beforeEach(async () => {
      problems.length = 0;
      on = await busFixture();
      await page.goto(`${on.bus.url}/`);
      await page.getByText('live', { exact: true }).waitFor();
    });
    afterEach(async () => {
      await page.goto('about:blank');
      await on.end();
      expect(problems).toEqual([]);
    });
    const rows = () => page.getByRole('option');

    test('events appear as they come, with the rules they matched and where they went', async () => {
      on.bus.handle(lambda, () => {});
      await on.rule('big', { Id: 't', Arn: lambda });
      await on.put({ metadata: { eventId: 'e1' }, data: { orderId: '7781' } });
      await rows().first().click();
      const details = page.getByRole('article', { name: 'Selected event' });
      await details.getByText('delivered').waitFor();
      const text = await textOf(details);
      expect(text).toContain('Rules matchedbig');
      expect(text).toContain(lambda);
      expect(text).toContain('"orderId": "7781"');
      expect(await textOf(rows().first())).toContain('1 of 1');
      await on.put({ second: true });
      await eventually(() => rows().count()).toBe(2);
      expect(await textOf(page.getByRole('tab', { name: /Events/ }))).toContain('2');
    });

    test('an event that holds markup shows as text', async () => {
      const markup =
        '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';
      await on.events.send(
        new PutEventsCommand({
          Entries: [
            { Source: markup, DetailType: markup, Detail: JSON.stringify({ [markup]: markup }) },
          ],
        }),
      );
      await rows().first().click();
      await page.getByRole('article').getByRole('heading', { name: markup }).waitFor();
      expect(await page.title()).toBe('Tidings local bus');
      expect(await page.locator('main img, main script').count()).toBe(0);
      expect(await textOf(page.getByRole('article'))).toContain('<script>');
    });

    test('says which bus swallowed events, and which buses exist', async () => {
      const alert = page.getByRole('alert').filter({ hasText: 'dropped' });
      expect(await alert.count()).toBe(0);
      const Entries = [{ EventBusName: 'oders', Source: 's', DetailType: 'd', Detail: '{}' }];
      await on.events.send(new PutEventsCommand({ Entries }));
      await alert.waitFor();
      await on.events.send(new PutEventsCommand({ Entries }));
      await eventually(() => textOf(alert)).toContain('2 events were dropped: the bus oders');
      expect(await textOf(alert)).toContain('Buses there: default.');
      await page.getByRole('button', { name: 'Clear journal' }).click();
      await alert.waitFor({ state: 'hidden' });
    });

    test('a title and an icon say what it is', async () => {
      expect(await page.title()).toBe('Tidings local bus');
      const icon = await page.locator('link[rel=icon]').getAttribute('href');
      for (const path of [icon, '/favicon.ico']) {
        const answer = await page.request.get(`${on.bus.url}${path}`);
        expect(answer.headers()['content-type']).toBe('image/svg+xml');
        expect(await answer.text()).toContain('<title>Tidings local bus</title>');
      }
      const drawn = '[...document.images].map((image) => image.naturalWidth > 0)';
      expect(await page.evaluate(drawn)).toEqual([true]);
    });

    test('numbers, doubled names and escapes show as they were sent', async () => {
      const Detail =
        '{"n":9007199254740993,"price":1.10,"n":-0,"text":"a\\u00e9 {\\"b\\": [1]}","none":[],"no":{}}';
      const Entries = [{ Source: 's', DetailType: 'd', Detail }];
      await on.events.send(new PutEventsCommand({ Entries }));
      await rows().first().click();
      const shown = await textOf(page.getByRole('article').locator('pre'));
      expect(shown).toContain(
        [
          '  "detail": {',
          '    "n": 9007199254740993,',
          '    "price": 1.10,',
          '    "n": -0,',
          '    "text": "a\\u00e9 {\\"b\\": [1]}",',
          '    "none": [],',
          '    "no": {}',
          '  }',
        ].join('\n'),
      );
      await page.getByRole('button', { name: 'Test a pattern on it' }).click();
      expect(await page.getByLabel('Event', { exact: true }).inputValue()).toBe(shown);
    });

    test('a correlation id is followed through its events, each under what caused it', async () => {
      const event = (eventId: string, correlationId: string, causationId?: string) => ({
        metadata: { eventId, correlationId, ...(causationId === undefined ? {} : { causationId }) },
      });
      await on.put(event('a', 'c-1'), event('x', 'c-2'), event('b', 'c-1', 'a'), { data: {} });
      await on.put(event('c', 'c-1', 'b'));
      await eventually(() => rows().count()).toBe(5);
      await rows().last().click();
      const details = page.getByRole('article');
      const chain = details.getByRole('listitem');
      await eventually(() => chain.count()).toBe(3);
      expect(await page.evaluate(causalDepths)).toEqual(['0', '1', '2']);
      await details.getByRole('button', { name: 'Follow 3 events in the list' }).click();
      await eventually(() => rows().count()).toBe(3);
      // A new one of it comes in, one of another does not.
      await on.put(event('d', 'c-1', 'a'), event('y', 'c-2', 'x'));
      await eventually(() => rows().count()).toBe(4);
      await chain.last().getByRole('button').click();
      await eventually(() => textOf(details)).toContain('"eventId": "d"');
      await page.getByRole('button', { name: 'Stop following' }).click();
      await eventually(() => rows().count()).toBe(7);
    });

    test('search finds by words anywhere in the event', async () => {
      await on.put({ city: 'Lyon', n: 1 }, { city: 'Porto', n: 2 }, { city: 'Lyon', n: 3 });
      await eventually(() => rows().count()).toBe(3);
      await page.keyboard.press('/');
      await page.keyboard.type('lyon orders');
      await eventually(() => rows().count()).toBe(2);
      expect(await textOf(page.locator('#found'))).toBe('2 found');
    });

    test('10,000 events: few rows exist, and the keyboard reaches them all', async () => {
      const total = 10_000;
      for (let first = 0; first < total; first += 500) {
        await Promise.all(
          Array.from({ length: 50 }, (_, request) =>
            on.put(...Array.from({ length: 10 }, (_, n) => ({ n: first + request * 10 + n }))),
          ),
        );
      }
      const count = page.locator('#event-count');
      await eventually(() => textOf(count), { timeout: 20_000 }).toBe(`${total}`);
      expect(await rows().count()).toBeLessThan(80);
      const list = page.getByRole('listbox');
      await list.focus();
      await page.keyboard.press('End');
      const oldest = on.bus.events[0]?.detail ?? '';
      const { n } = JSON.parse(oldest);
      await page.getByRole('article').getByText('Number').waitFor();
      await eventually(() => textOf(page.getByRole('article'))).toContain(`"n": ${n}`);
      expect(await list.getAttribute('aria-activedescendant')).toBe('event-1');
      await page.keyboard.press('ArrowUp');
      expect(await list.getAttribute('aria-activedescendant')).toBe('event-2');
      await page.keyboard.press('Home');
      expect(await list.getAttribute('aria-activedescendant')).toBe(`event-${total}`);
      // Scrolled from end to end in steps; the figures are told, not asserted.
      const frames = (await page.evaluate(scrollThrough)) as number[];
      const [median, longest] = [frames[Math.floor(frames.length / 2)], frames.at(-1)];
      console.info(
        `scrolling 10,000 events: a frame takes ${median} ms, the longest ${longest} ms`,
      );
      expect(await rows().count()).toBeLessThan(80);
    });

    test('the pattern tester says which field did not match', async () => {
      await on.put({ data: { totalCents: 50 } });
      await rows().first().click();
      await page.getByRole('button', { name: 'Test a pattern on it' }).click();
      const verdict = page.locator('#verdict');
      await page
        .getByLabel('Event pattern')
        .fill('{"detail":{"data":{"totalCents":[{"numeric":[">",100]}]}}}');
      await eventually(() => textOf(verdict)).toContain('detail.data.totalCents');
      await page.getByLabel('Event pattern').fill('{"source":[{"prefix":"com.acme"}]}');
      await eventually(() => textOf(verdict)).toBe('The event matches the pattern.');
      expect(await textOf(page.locator('#matching'))).toBe('It matches 1 of the latest 1 events.');
      await page.getByLabel('Event pattern').fill('{"source":[]}');
      await eventually(() => textOf(verdict)).toContain('Empty arrays are not allowed');
    });

    test('rules and targets, enabled and disabled', async () => {
      await on.rule('big', { Id: 't', Arn: lambda });
      await page.getByRole('tab', { name: 'Rules' }).click();
      await page.getByRole('cell', { name: '{"source":["com.acme.orders"]}' }).waitFor();
      expect(await textOf(page.getByRole('tabpanel'))).toContain(`t: ${lambda}`);
      await page.getByRole('button', { name: 'Disable big' }).click();
      await page.getByRole('button', { name: 'Enable big' }).waitFor();
      expect((await on.events.send(new DescribeRuleCommand({ Name: 'big' }))).State).toBe(
        'DISABLED',
      );
    });

    test("a contract's example is sent, and what the bus says of it is told", async () => {
      on.bus.applyRules({ buses: ['orders'], contracts: [OrderPlaced] });
      await page.getByRole('button', { name: 'Send event' }).click();
      await page.getByLabel('Start with').selectOption('OrderPlaced 1.0, an example');
      const source = page.getByLabel('Source', { exact: true });
      await eventually(() => source.inputValue()).toBe('com.acme.orders');
      await page.getByLabel('Event bus').selectOption('orders');
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      const [event] = await on.bus.waitFor(1);
      await eventually(() => textOf(page.locator('#sent'))).toContain(`under the id ${event?.id}`);
      expect(event?.bus).toBe('orders');
      // The contract takes its own example.
      expect(OrderPlaced.parse(event?.envelope).detail.data).toEqual({
        orderId: '7781',
        totalCents: 1,
        currency: 'USD',
      });
      await source.fill('aws.orders');
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await eventually(() => textOf(page.locator('#sent'))).toBe(
        'Refused: NotAuthorizedForSourceException. Not authorized for the source.',
      );
      await page.getByLabel('Detail', { exact: true }).fill('{');
      await source.fill('com.acme.orders');
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await eventually(() => textOf(page.locator('#sent'))).toContain('Detail is malformed.');
      expect(on.bus.events).toHaveLength(1);
    });

    test('an event is copied, edited and sent again', async () => {
      const Detail =
        '{"metadata":{"eventId":"e1","idempotencyKey":"k1"},"data":{"n":9007199254740993}}';
      const Entries = [{ Source: 's', DetailType: 'd', Detail, Resources: ['r1', 'r2'] }];
      await on.events.send(new PutEventsCommand({ Entries }));
      await rows().first().click();
      await page.getByRole('button', { name: 'Send a copy' }).click();
      const editor = page.getByLabel('Detail', { exact: true });
      await eventually(() => editor.inputValue()).toContain('"n": 9007199254740993');
      await page.getByRole('button', { name: 'New id, key and time' }).click();
      await page.getByLabel('Detail type').fill('changed');
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      const [, copy] = await on.bus.waitFor(2);
      expect(copy).toMatchObject({ source: 's', detailType: 'changed', resources: ['r1', 'r2'] });
      expect(copy?.detail).toContain('9007199254740993');
      expect(copy?.eventId).toMatch(/^[0-9a-f-]{36}$/);
      expect(copy?.idempotencyKey).toBe(copy?.eventId);
    });

    test('a queue shows its depth and its messages, and a dead-letter queue is redriven', async () => {
      const send = (QueueName: string) => on.sqs.send(new CreateQueueCommand({ QueueName }));
      await send('orders');
      await send('failed');
      let isBroken = true;
      const got: unknown[] = [];
      on.bus.handle(lambda, (event) => {
        if (isBroken) throw new Error('the table is locked');
        got.push(event.detail);
      });
      const DeadLetterConfig = { Arn: on.queueArn('failed') };
      const RetryPolicy = { MaximumRetryAttempts: 0 };
      await on.rule(
        'big',
        { Id: 'q', Arn: on.queueArn('orders') },
        { Id: 'f', Arn: lambda, DeadLetterConfig, RetryPolicy },
      );
      await on.put({ n: 9007199254740993n.toString() }, { n: 2 });
      await page.getByRole('tab', { name: 'Rules' }).click();
      await page.getByRole('button', { name: '2 waiting', exact: true }).click();
      const orders = page.getByRole('region', { name: 'Queue orders' });
      await orders.locator('summary').first().click();
      await eventually(() => textOf(orders)).toContain('"n": "9007199254740993"');
      await page.getByRole('button', { name: 'failed, 2 waiting' }).click();
      const failed = page.getByRole('region', { name: 'Queue failed' });
      await failed.locator('summary').first().click();
      expect(await textOf(failed)).toContain('the table is locked');
      isBroken = false;
      await failed.getByRole('button', { name: 'Redrive 2' }).click();
      await page.getByText('2 events go to the target again.').waitFor();
      await eventually(() => textOf(failed)).toContain('No messages.');
      await on.bus.settled();
      expect(got).toEqual([{ n: '9007199254740993' }, { n: 2 }]);
      // A message that comes while the page is looked at.
      await on.put({ n: 3 });
      await eventually(() => textOf(orders)).toContain('3 waiting');
    });

    test("an archive's rule is not offered to be disabled", async () => {
      const EventSourceArn = 'arn:aws:events:eu-west-1:000000000000:event-bus/default';
      await on.events.send(new CreateArchiveCommand({ ArchiveName: 'all', EventSourceArn }));
      await page.getByRole('tab', { name: 'Rules' }).click();
      await page.getByRole('cell', { name: 'Events-Archive-all', exact: true }).waitFor();
      expect(await page.getByRole('button', { name: 'Disable' }).count()).toBe(0);
    });

    test('an archive is replayed from the page', async () => {
      await on.events.send(
        new CreateArchiveCommand({
          ArchiveName: 'all',
          EventSourceArn: 'arn:aws:events:eu-west-1:000000000000:event-bus/default',
        }),
      );
      await on.put({ n: 1 }, { n: 2 });
      await page.getByRole('tab', { name: 'Archives' }).click();
      await page.getByRole('cell', { name: '2', exact: true }).waitFor();
      await page.getByLabel('Name').fill('again');
      await page.getByRole('button', { name: 'Start replay' }).click();
      await page.getByRole('cell', { name: 'COMPLETED' }).waitFor();
      expect(on.bus.events.filter((event) => event.replayName === 'again')).toHaveLength(2);
    });

    test('faults are switched on, written and refused', async () => {
      await page.getByRole('tab', { name: 'Faults' }).click();
      await page.getByLabel('One request in five is throttled').check();
      await eventually(() => on.bus.faults().map((fault) => fault.id)).toEqual(['page-throttle']);
      await page.getByLabel('One request in five is throttled').uncheck();
      await eventually(() => on.bus.faults()).toEqual([]);
      const editor = page.getByLabel('All faults in force');
      await editor.fill('[{"action":{"type":"nonsense"}}]');
      await page.getByRole('button', { name: 'Apply' }).click();
      await page.getByText('fault 1: action.type must be one of').waitFor();
      await editor.fill('[{"id":"mine","action":{"type":"request-fail","preset":"500"}}]');
      await page.getByRole('button', { name: 'Apply' }).click();
      await eventually(() => on.bus.faults().map((fault) => fault.id)).toEqual(['mine']);
      await eventually(() => textOf(page.locator('#fault-count'))).toBe('1 on');
      // The browser tells of the refusal, too.
      expect(problems.splice(0)).toEqual([expect.stringContaining('400 (Bad Request)')]);
    });

    test('everything works from the keyboard', async () => {
      await on.put({ n: 1 });
      await eventually(() => rows().count()).toBe(1);
      await page.getByRole('tab', { name: /Events/ }).focus();
      await page.keyboard.press('ArrowRight');
      await page.locator('#pattern').waitFor();
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.press('/');
      await page.keyboard.press('Enter');
      await page.keyboard.press('ArrowDown');
      await page.getByRole('article').getByRole('heading', { name: 'OrderPlaced' }).waitFor();
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await eventually(() => page.locator('#pattern-event').inputValue()).toContain('"n": 1');
    });

    test('the journal is cleared, and a bus that comes back is seen again', async () => {
      await on.put({ n: 1 });
      await eventually(() => rows().count()).toBe(1);
      await page.getByRole('button', { name: 'Clear journal' }).click();
      await eventually(() => rows().count()).toBe(0);
      expect(on.bus.events).toHaveLength(0);
    });

    test.each(['light', 'dark'] as const)('%s', async (colorScheme) => {
      await page.emulateMedia({ colorScheme });
      const contrast = (await page.evaluate(textContrast)) as { ratio: number; isDark: boolean };
      expect(contrast.isDark).toBe(colorScheme === 'dark');
      expect(contrast.ratio).toBeGreaterThan(7);
    });
  },
);
