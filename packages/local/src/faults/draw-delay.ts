import type { Delay } from './fault.ts';

/** Milliseconds, drawn as the delay says. */
export function drawDelay(delay: Delay, random: () => number): number {
  if ('fixed' in delay) return delay.fixed;
  if ('uniform' in delay) {
    const [min, max] = delay.uniform;
    return min + random() * (max - min);
  }
  // Box-Muller; 1 - random() keeps the logarithm finite.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return delay.lognormal.median * Math.exp(delay.lognormal.sigma * normal);
}
