import type { Agent as HttpAgent } from 'node:http';
import type { Socket } from 'node:net';

/**
 * A connection that nobody used for so long may be dead on the other side, above all where the
 * process was frozen or restored meanwhile: nothing told it.
 */
const STALE_MS = 30_000;

/**
 * Returns what to call before each request: it closes an agent's idle connections where the
 * last request was long ago. By the wall clock, for a restored process must notice that too.
 */
export function staleSocketGuard(
  agents: readonly HttpAgent[],
  now: () => number = Date.now,
): () => void {
  let usedAt = now();
  return (): void => {
    const at = now();
    // A clock that was set back does not tell how long ago it was.
    if (Math.abs(at - usedAt) >= STALE_MS) for (const agent of agents) closeIdle(agent);
    usedAt = at;
  };
}

function closeIdle({ freeSockets }: HttpAgent): void {
  for (const sockets of Object.values(freeSockets)) {
    for (const socket of (sockets ?? []) as readonly Socket[]) socket.destroy();
  }
}
