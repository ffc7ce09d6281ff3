import type pg from 'pg';
import type { Lsn } from '../lsn.ts';
import type { GroupQueue } from './group-queue.ts';
import { openReplication, type ReplicationConnection } from './replication-connection.ts';
import {
  type ReadPosition,
  type ReturnedHeartbeat,
  TransactionAssembler,
} from './transaction-assembler.ts';
import type { WalLayout } from './wal-layout.ts';

/** One connection's worth of streaming. */
export interface WalStream {
  /** Settles when the connection ends; rejects when it is lost. */
  readonly ended: Promise<void>;
  /** The server's process behind it. */
  readonly backendPid: number | undefined;
  /** Number of the history that it reads. */
  readonly epoch: number;
  /** Milliseconds since the server sent anything; 0 while the socket rests. */
  readonly silentForMs: number;
  /** Tells the server what is durable. */
  acknowledge(durable: Lsn): void;
  /** Reads no more; the connection stays for the acknowledgements of what was read. */
  stopReading(): void;
  /** Takes leave of the server after a last acknowledgement. */
  close(): Promise<void>;
  /** Closes the socket; `reason`, if given, is what `ended` rejects with. */
  destroy(reason?: Error): void;
}

/** What a stream needs to know. */
export interface WalStreamRequest<Change> {
  readonly connection: pg.ClientConfig;
  readonly slot: string;
  readonly publication: string;
  /** Milliseconds that the server may take to begin. */
  readonly silenceMs: number;
  readonly layout: WalLayout<Change>;
  readonly heartbeatPrefix: string;
  readonly epoch: number;
  readonly resume: ReadPosition;
  readonly durable: Lsn;
  readonly queue: GroupQueue<Change>;
  /**
   * Called once the slot is this stream's alone and before anything is handed over.
   * @throws where the slot is not any more what it was when `resume` was decided.
   */
  readonly admit: () => Promise<void>;
  readonly statusIntervalMs: number;
  readonly onHeartbeat: (heartbeat: ReturnedHeartbeat) => void;
  /** Called when everything up to `position` is in the queue, and with nothing else. */
  readonly onHandOver: (position: ReadPosition) => void;
}

/** Reads smaller than this are coalesced: more is on its way while the server sends. */
const SMALL_READ = 32 * 1024;
/** How long the socket rests after a small read. */
const COALESCE_MS = 1;

/**
 * Streams a slot into a queue. After a small read the socket rests for a millisecond:
 * the server sends each message by itself, and without the rest each would wake this
 * process on its own. Status goes out on a timer, when asked for, and with each
 * acknowledgement; never as an answer to every keepalive, which the server would
 * answer with the next one.
 */
export async function openWalStream<Change>(request: WalStreamRequest<Change>): Promise<WalStream> {
  const { queue } = request;
  const assembler = new TransactionAssembler(
    request.layout,
    request.heartbeatPrefix,
    request.epoch,
    request.resume,
  );
  let durable = request.durable;
  let received = request.resume.lsn;
  let reading = true;
  let admitted = false;
  let heardAt = performance.now();
  let resting: NodeJS.Timeout | undefined;

  const connection: ReplicationConnection = await openReplication({
    connection: request.connection,
    slot: request.slot,
    publication: request.publication,
    silenceMs: request.silenceMs,
    from: request.resume.lsn,
    onMessage: (chunk, offset) => {
      heardAt = performance.now();
      if (!reading) return;
      try {
        assembler.feed(chunk, offset);
      } catch (error) {
        // Whatever cannot be read must not hold up what was committed before it.
        if (admitted) handOver();
        throw error;
      }
    },
    onKeepalive: (walEnd, replyRequested) => {
      heardAt = performance.now();
      if (walEnd > received) received = walEnd;
      if (replyRequested) sendStatus();
    },
    onReadEnd: (bytes) => {
      if (!reading) return;
      handOver();
      if (queue.full) connection.pause();
      else if (bytes < SMALL_READ) rest();
    },
  });

  function handOver(): void {
    const taken = assembler.take();
    if (taken.position.lsn > received) received = taken.position.lsn;
    queue.push(taken.groups, taken.bytes);
    request.onHandOver(taken.position);
    for (const heartbeat of taken.heartbeats) request.onHeartbeat(heartbeat);
  }

  function rest(): void {
    connection.pause();
    resting = setTimeout(() => {
      resting = undefined;
      if (!queue.full) connection.resume();
    }, COALESCE_MS);
  }

  function sendStatus(): void {
    connection.sendStatus(received, durable);
  }

  connection.pause();
  try {
    await request.admit();
  } catch (error) {
    connection.destroy();
    throw error;
  }
  admitted = true;
  // The read that held the server's consent may have held the first messages too.
  handOver();
  queue.onDrained(() => {
    // The server could not be heard meanwhile.
    heardAt = performance.now();
    if (resting === undefined) connection.resume();
  });
  if (!queue.full) connection.resume();
  const timer = setInterval(sendStatus, request.statusIntervalMs);
  const ended = connection.ended.finally(() => {
    clearInterval(timer);
    clearTimeout(resting);
    queue.onDrained(undefined);
  });
  // Whoever reads `ended` hears of the failure; this keeps it from being unhandled.
  ended.catch(() => {});

  return {
    ended,
    epoch: request.epoch,
    backendPid: connection.backendPid,
    get silentForMs(): number {
      return queue.full ? 0 : performance.now() - heardAt;
    },
    acknowledge(lsn): void {
      if (lsn <= durable) return;
      durable = lsn;
      sendStatus();
    },
    stopReading(): void {
      reading = false;
      connection.resume();
    },
    async close(): Promise<void> {
      sendStatus();
      await connection.stop();
    },
    destroy: (reason) => connection.destroy(reason),
  };
}
