// The parts that are used here of a package without types.

interface HighlandStream {
  map(step: (uow: never) => object): HighlandStream;
  through(sink: unknown): HighlandStream;
  tap(look: (uow: object) => void): HighlandStream;
  errors(handle: (error: Error) => void): HighlandStream;
  done(end: () => void): void;
}

declare module 'aws-lambda-stream/from/dynamodb' {
  export function fromDynamodb(event: object): HighlandStream;
}

declare module 'aws-lambda-stream/sinks/eventbridge' {
  export function publishToEventBridge(options: object): unknown;
}
