export type { ChangeGroup, ChangeRecord, ChangeSource } from './change-source.ts';
export { ConfigurationError } from './configuration-error.ts';
export type { DeadLetter, DeadLetters } from './dead-letters.ts';
export { type Logger, silentLogger } from './logger.ts';
export { type Checkpoint, type Position, positionOf } from './position.ts';
export { createRelay, type Relay } from './relay.ts';
export { defineRelay, type RelayOptions, type RelaySettings } from './relay-options.ts';
export type { RelayState } from './relay-state.ts';
export { type PendingGroup, Watermark } from './watermark.ts';
