import type { Replay } from '@tidings/contract';
import { jsonMembers } from '../json-members.ts';

/**
 * Writes `metadata.replay` into a detail. Every other character stays as it was stored, so
 * that no number is rewritten; a stamp of an earlier replay is replaced.
 * @throws Error where the detail has no metadata.
 */
export function stampReplay(detail: string, replay: Replay): string {
  const metadata = jsonMembers(detail).find(({ name }) => name === 'metadata');
  if (metadata === undefined) throw new Error('the detail has no metadata');
  const members = jsonMembers(detail, metadata.valueFrom);
  const stamp = JSON.stringify({ name: replay.name, at: replay.at });
  const former = members.find(({ name }) => name === 'replay');
  if (former !== undefined) {
    return detail.slice(0, former.valueFrom) + stamp + detail.slice(former.to);
  }
  const last = members.at(-1);
  const at = last?.to ?? metadata.valueFrom + 1;
  const separator = last === undefined ? '' : ',';
  return `${detail.slice(0, at)}${separator}"replay":${stamp}${detail.slice(at)}`;
}
