import type { Handler, KinesisStreamHandler, MSKEvent } from 'aws-lambda';
import { expectTypeOf, test } from 'vitest';
import { type CdcHandler, type CdcResponse, cdcHandler } from './index.ts';

test("the handler fits Lambda's types", () => {
  expectTypeOf<CdcHandler>().toExtend<KinesisStreamHandler>();
  expectTypeOf<CdcHandler>().toExtend<Handler<MSKEvent>>();
});

test('what is reported is named as its stream names it', () => {
  const handler = cdcHandler({} as never);
  expectTypeOf(handler({ Records: [] })).resolves.toEqualTypeOf<CdcResponse<string>>();
  expectTypeOf(handler({ records: {} })).resolves.toEqualTypeOf<
    CdcResponse<{ readonly partition: string; readonly offset: number }>
  >();
});
