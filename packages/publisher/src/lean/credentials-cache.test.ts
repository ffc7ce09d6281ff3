import { describe, expect, it } from 'vitest';
import { credentialsCache } from './credentials-cache.ts';

describe('credentialsCache', () => {
  const key = (accessKeyId: string, expiresAt?: number) => ({
    accessKeyId,
    secretAccessKey: 'secret',
    ...(expiresAt !== undefined && { expiration: new Date(expiresAt) }),
  });

  it('loads once for calls made at the same time', async () => {
    let loads = 0;
    const cache = credentialsCache(async () => {
      loads += 1;
      return key(`k${loads}`);
    });
    expect(cache.current()).toBeUndefined();
    await Promise.all([cache.load(), cache.load()]);
    expect(loads).toBe(1);
    expect(cache.current()).toEqual(key('k1'));
  });

  it('asks for new ones after a discard', async () => {
    const cache = credentialsCache(
      async () => key('k', 3_600_000),
      () => 0,
    );
    await cache.load();
    expect(cache.current()).toBeDefined();
    cache.discard();
    expect(cache.current()).toBeUndefined();
  });

  it('refreshes in the background within the last five minutes', async () => {
    let now = 0;
    let loads = 0;
    let answer: (value: ReturnType<typeof key>) => void = () => {};
    const cache = credentialsCache(
      () => {
        loads += 1;
        return loads === 1
          ? Promise.resolve(key('old', 3_600_000))
          : new Promise((resolve) => {
              answer = resolve;
            });
      },
      () => now,
    );
    await cache.load();
    now = 3_299_000;
    expect(cache.current()).toMatchObject({ accessKeyId: 'old' });
    expect(loads).toBe(1);
    now = 3_360_000;
    // The endpoint hangs: nobody waits for it, and nobody asks twice.
    expect(cache.current()).toMatchObject({ accessKeyId: 'old' });
    expect(cache.current()).toMatchObject({ accessKeyId: 'old' });
    expect(loads).toBe(2);
    const refreshed = cache.load();
    answer(key('new', 7_200_000));
    await refreshed;
    expect(cache.current()).toMatchObject({ accessKeyId: 'new' });
  });

  it('uses valid ones while refreshes fail, which are tried again later and later', async () => {
    let now = 0;
    let loads = 0;
    const cache = credentialsCache(
      async () => {
        loads += 1;
        if (loads > 1) throw new Error('endpoint is down');
        return key('k', 3_600_000);
      },
      () => now,
    );
    await cache.load();
    for (now = 3_300_000; now < 3_580_000; now += 10) {
      expect(cache.current()).toMatchObject({ accessKeyId: 'k' });
      await Promise.resolve();
    }
    expect(loads).toBeGreaterThan(2);
    expect(loads).toBeLessThan(100);
    // A request that is signed now would arrive too late.
    now = 3_590_000;
    expect(cache.current()).toBeUndefined();
    await expect(cache.load()).rejects.toThrow('endpoint is down');
  });
});
