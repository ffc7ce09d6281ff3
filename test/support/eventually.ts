import { expect } from 'vitest';

/** `expect.poll` with a time that a busy machine keeps, too. */
export const eventually: typeof expect.poll = (look, options) =>
  expect.poll(look, { timeout: 30_000, ...options });
