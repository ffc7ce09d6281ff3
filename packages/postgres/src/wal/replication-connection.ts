import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import pg from 'pg';
import { formatLsn, type Lsn } from '../lsn.ts';
import { backendPidOf, openClient } from '../open-client.ts';
import { WAL_SENDER_TIMEOUT_MS } from './wal-options.ts';

/** What pg offers beneath its client; it is not part of its typed surface. */
interface Wire extends EventEmitter {
  readonly stream: Duplex;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** Where to start and what to tell of the stream. */
export interface ReplicationRequest {
  readonly connection: pg.ClientConfig;
  readonly slot: string;
  readonly publication: string;
  /** Milliseconds that the server may take to begin. */
  readonly silenceMs: number;
  readonly from: Lsn;
  /** A pgoutput message begins at `offset`; the chunk is overwritten after the call. */
  readonly onMessage: (chunk: Buffer, offset: number) => void;
  /** The server has sent everything before `walEnd`. */
  readonly onKeepalive: (walEnd: Lsn, replyRequested: boolean) => void;
  /** One read of the socket, of `bytes` bytes, has been decoded. */
  readonly onReadEnd: (bytes: number) => void;
}

/** A connection that streams a slot. */
export interface ReplicationConnection {
  /** Settles when the stream ends; rejects when it ends in an error. */
  readonly ended: Promise<void>;
  /** The server's process behind the connection. */
  readonly backendPid: number | undefined;
  pause(): void;
  resume(): void;
  /** Reports what was received and what is durable at the far end. */
  sendStatus(received: Lsn, durable: Lsn): void;
  /** Sends CopyDone, waits for the server to take leave, closes the connection. */
  stop(): Promise<void>;
  /** Closes the socket at once; `reason`, if given, is what `ended` rejects with. */
  destroy(reason?: Error): void;
}

const XLOG_DATA = 0x77;
const KEEPALIVE = 0x6b;
/** How long the server may take to answer CopyDone: it may be busy sending. */
const LEAVE_MS = 2_000;
const POSTGRES_EPOCH_MS = Date.UTC(2000, 0, 1);

/** Starts streaming. @throws what the server or the network answers instead. */
export async function openReplication(request: ReplicationRequest): Promise<ReplicationConnection> {
  const client = await openClient(request.connection, {
    replication: 'database',
    settings: { wal_sender_timeout: String(WAL_SENDER_TIMEOUT_MS) },
  });
  const wire = (client as unknown as { readonly connection: Wire }).connection;

  // A throw inside the socket's event would be nobody's: it ends the stream instead.
  let defect: unknown;
  const guarded = (work: () => void): void => {
    if (defect !== undefined) return;
    try {
      work();
    } catch (error) {
      defect = error;
      wire.stream.destroy();
    }
  };
  wire.on('copyData', ({ chunk }: { readonly chunk: Buffer }) => {
    guarded(() => {
      const kind = chunk[0];
      // kind (1), LSN of the data (8), end of WAL (8), time (8), then pgoutput's message
      if (kind === XLOG_DATA) request.onMessage(chunk, 25);
      else if (kind === KEEPALIVE) request.onKeepalive(chunk.readBigUInt64BE(1), chunk[17] === 1);
    });
  });
  const started = new Promise<void>((resolve) => wire.once('replicationStart', resolve));
  const ended = client.query(startStatement(request)).then(
    () => {},
    (error: unknown) => {
      throw defect ?? error;
    },
  );
  const patience = setTimeout(() => wire.stream.destroy(), request.silenceMs);
  try {
    await Promise.race([started, ended]).finally(() => clearTimeout(patience));
  } catch (error) {
    wire.stream.destroy();
    throw error;
  }
  // Registered after pg's own listener, so it runs when a read is decoded whole.
  wire.stream.on('data', (read: Buffer) => guarded(() => request.onReadEnd(read.length)));

  return {
    ended,
    backendPid: backendPidOf(client),
    pause: () => void wire.stream.pause(),
    resume: () => void wire.stream.resume(),
    sendStatus(received, durable): void {
      wire.sendCopyFromChunk(statusUpdate(received, durable, Date.now()));
    },
    async stop(): Promise<void> {
      wire.stream.resume();
      wire.endCopyFrom();
      const patience = setTimeout(() => wire.stream.destroy(), LEAVE_MS);
      await ended.catch(() => {});
      clearTimeout(patience);
      await client.end().catch(() => {});
    },
    destroy(reason): void {
      defect ??= reason;
      wire.stream.destroy();
    },
  };
}

function startStatement(request: ReplicationRequest): string {
  const slot = pg.escapeIdentifier(request.slot);
  // The list is itself parsed as identifiers: an unquoted name would be case-folded.
  const publications = pg.escapeLiteral(pg.escapeIdentifier(request.publication));
  return (
    `START_REPLICATION SLOT ${slot} LOGICAL ${formatLsn(request.from)} ` +
    `(proto_version '1', publication_names ${publications}, messages 'true')`
  );
}

/** Standby status update: `write` = received, `flush` and `apply` = durable. */
export function statusUpdate(received: Lsn, durable: Lsn, nowMs: number): Buffer {
  const message = Buffer.allocUnsafe(34);
  message[0] = 0x72;
  message.writeBigUInt64BE(received > durable ? received : durable, 1);
  message.writeBigUInt64BE(durable, 9);
  message.writeBigUInt64BE(durable, 17);
  message.writeBigInt64BE(BigInt(nowMs - POSTGRES_EPOCH_MS) * 1000n, 25);
  message[33] = 0;
  return message;
}
