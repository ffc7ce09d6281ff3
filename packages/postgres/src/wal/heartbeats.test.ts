import { expect, test } from 'vitest';
import { Heartbeats, type HeartbeatView } from './heartbeats.ts';

const viewOf = (n: number, fingerprint: string | null = 'f'): HeartbeatView => ({
  snapshot: `${n}:${n}:`,
  at: '2026-11-21T10:00:00Z',
  fingerprint,
});

/** Sends one and has it come back at `lsn`. */
async function beat(heartbeats: Heartbeats, lsn: bigint): Promise<void> {
  let sent = '';
  await heartbeats.send(async (name) => {
    sent = name;
    return viewOf(Number(lsn));
  });
  heartbeats.note({ name: sent, lsn });
}

function expecting(fingerprint: string | undefined = 'f'): Heartbeats {
  const heartbeats = new Heartbeats();
  heartbeats.expect(fingerprint);
  return heartbeats;
}

test('a bookmark is valid once everything up to its heartbeat is settled, and not before', async () => {
  const heartbeats = expecting();
  await beat(heartbeats, 100n);
  await beat(heartbeats, 200n);
  expect(heartbeats.validAt(99n)).toBeUndefined();
  expect(heartbeats.validAt(100n)?.lsn).toBe(100n);
  expect(heartbeats.validAt(500n)).toEqual({
    snapshot: '200:200:',
    at: '2026-11-21T10:00:00Z',
    lsn: 200n,
  });
});

test('one that was stored makes the older ones go, and stays until it was stored', async () => {
  const heartbeats = expecting();
  for (const lsn of [100n, 200n, 300n]) await beat(heartbeats, lsn);
  const valid = heartbeats.validAt(250n);
  expect(heartbeats.validAt(250n)).toEqual(valid);
  heartbeats.adopted(valid as NonNullable<typeof valid>);
  expect(heartbeats.validAt(250n)).toBeUndefined();
  expect(heartbeats.validAt(300n)?.lsn).toBe(300n);
});

test('what nobody here has sent is counted and is no bookmark, whatever it says', async () => {
  const heartbeats = expecting();
  await beat(heartbeats, 100n);
  const forged = JSON.stringify({ ...viewOf(1), snapshot: '1:99999999999:' });
  for (const name of [forged, 'x', '', '__proto__']) {
    expect(heartbeats.note({ name, lsn: 200n })).toBe(false);
  }
  expect(heartbeats.foreign).toBe(4);
  expect(heartbeats.validAt(500n)?.lsn).toBe(100n);
});

test('a heartbeat counts once: a copy of its name that comes later moves nothing', async () => {
  const heartbeats = expecting();
  let sent = '';
  await heartbeats.send(async (name) => {
    sent = name;
    return viewOf(1);
  });
  expect(heartbeats.note({ name: sent, lsn: 100n })).toBe(true);
  expect(heartbeats.note({ name: sent, lsn: 900n })).toBe(false);
  expect(heartbeats.validAt(10_000n)?.lsn).toBe(100n);
});

test('a heartbeat may come back before the server’s answer to the statement that sent it', async () => {
  const heartbeats = expecting();
  await heartbeats.send(async (name) => {
    heartbeats.note({ name, lsn: 100n });
    expect(heartbeats.validAt(500n)).toBeUndefined();
    return viewOf(100);
  });
  expect(heartbeats.validAt(500n)?.lsn).toBe(100n);
});

test('a heartbeat through another publication is told to the sender and is no bookmark', async () => {
  for (const fingerprint of ['g', null]) {
    const heartbeats = expecting();
    const emit = async (name: string): Promise<HeartbeatView> => {
      heartbeats.note({ name, lsn: 100n });
      return viewOf(100, fingerprint);
    };
    expect(await heartbeats.send(emit)).toBe(false);
    expect(heartbeats.validAt(500n)).toBeUndefined();
  }
});

test('a statement that failed leaves nothing behind', async () => {
  const heartbeats = expecting();
  let sent = '';
  const emit = (name: string): Promise<HeartbeatView> => {
    sent = name;
    return Promise.reject(new Error('cancelled'));
  };
  await expect(heartbeats.send(emit)).rejects.toThrow('cancelled');
  expect(heartbeats.note({ name: sent, lsn: 100n })).toBe(false);
});

test('nothing of one history is a bookmark of the next', async () => {
  const heartbeats = expecting();
  await beat(heartbeats, 100n);
  let late = '';
  await heartbeats.send(async (name) => {
    late = name;
    heartbeats.clear();
    return viewOf(200);
  });
  heartbeats.note({ name: late, lsn: 200n });
  expect(heartbeats.validAt(500n)).toBeUndefined();
});

test('while a thousand are on their way no other is sent', async () => {
  const heartbeats = expecting();
  let sent = 0;
  const emit = async (): Promise<HeartbeatView> => {
    sent += 1;
    return viewOf(sent);
  };
  for (let n = 0; n < 1_100; n++) expect(await heartbeats.send(emit)).toBe(true);
  expect(sent).toBe(1_000);
});
