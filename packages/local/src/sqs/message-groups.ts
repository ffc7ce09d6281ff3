import type { Message } from './message.ts';

/**
 * The line in which the groups of a FIFO queue wait. A receiver gets all that it can of the
 * first group before anything of the next; a group that it took from goes to the end.
 */
export interface MessageGroups {
  /** Messages of each group in order, the first group first. */
  inLine(messages: readonly Message[]): readonly (readonly Message[])[];
  toEnd(group: readonly Message[]): void;
}

export function createMessageGroups(): MessageGroups {
  let line: readonly (string | undefined)[] = [];
  return {
    inLine(messages) {
      const groups = new Map<string | undefined, Message[]>();
      for (const message of messages) {
        const group = groups.get(message.groupId);
        if (group === undefined) groups.set(message.groupId, [message]);
        else group.push(message);
      }
      const waiting = line.filter((id) => groups.has(id));
      const known = new Set(waiting);
      line = [...waiting, ...[...groups.keys()].filter((id) => !known.has(id))];
      return line.map((id) => groups.get(id) ?? []);
    },
    toEnd(group) {
      const id = group[0]?.groupId;
      line = [...line.filter((each) => each !== id), id];
    },
  };
}
