import {
  type IntegerShape,
  integer,
  type ListShape,
  list,
  type ObjectShape,
  object,
  type RequiredField,
  required,
  type TextShape,
  text,
} from './input-shape.ts';

// Limits and patterns as the service's model gives them.
const namePattern = '[\\.\\-_A-Za-z0-9]+';
const busNamePattern = '[/\\.\\-_A-Za-z0-9]+';

/** Of a rule, connection, API destination, replay, target or statement. */
export const name: TextShape = text({ min: 1, max: 64, pattern: namePattern });
export const archiveName: TextShape = text({ min: 1, max: 48, pattern: namePattern });
export const busName: TextShape = text({ min: 1, max: 256, pattern: busNamePattern });
export const busNameOrArn: TextShape = text({
  min: 1,
  max: 1600,
  pattern: `(arn:aws[\\w-]*:events:[a-z]+-[a-z]+-[\\w-]+:[0-9]{12}:event-bus\\/)?${busNamePattern}`,
});
/** As PutEvents takes it: no partner's bus, and so no `/`. */
export const nonPartnerBusNameOrArn: TextShape = text({
  min: 1,
  max: 1600,
  pattern: `(arn:aws[\\w-]*:events:[a-z]+-[a-z]+-[\\w-]+:[0-9]{12}:event-bus\\/)?${namePattern}`,
});
export const traceHeader: TextShape = text({ min: 1, max: 500 });
export const arn: TextShape = text({ min: 1, max: 1600 });
export const description: TextShape = text({ max: 512 });
export const eventPattern: TextShape = text({ max: 4096 });
export const nextToken: TextShape = text({ min: 1, max: 2048 });
export const limit: IntegerShape = integer({ min: 1, max: 100 });
export const kmsKey: TextShape = text({ max: 2048, pattern: '[a-zA-Z0-9_\\-/:]*' });
export const deadLetterConfig: ObjectShape<{ readonly Arn: TextShape }> = object({ Arn: arn });
export const logConfig: ObjectShape<{
  readonly IncludeDetail: TextShape;
  readonly Level: TextShape;
}> = object({
  IncludeDetail: text({ values: ['NONE', 'FULL'] }),
  Level: text({ values: ['OFF', 'ERROR', 'INFO', 'TRACE'] }),
});
export const tags: ListShape<
  ObjectShape<{ readonly Key: RequiredField<TextShape>; readonly Value: RequiredField<TextShape> }>
> = list(
  object({ Key: required(text({ min: 1, max: 128 })), Value: required(text({ max: 256 })) }),
);
