/** One line in a log group. */
export interface LogLine {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly message: string;
}

/** What targets of the form `arn:aws:logs:…:log-group:NAME` received. */
export interface LogGroups {
  write(arn: string, line: LogLine): void;
  /** Lines of a group, oldest first; empty where nothing came. */
  read(name: string): readonly LogLine[];
  names(): readonly string[];
  clear(): void;
}

export function createLogGroups(): LogGroups {
  const groups = new Map<string, LogLine[]>();
  return {
    write(arn, line) {
      const name = arn.split(':log-group:')[1]?.replace(/:\*$/, '') ?? arn;
      const lines = groups.get(name) ?? [];
      lines.push(line);
      groups.set(name, lines);
    },
    read: (name) => groups.get(name) ?? [],
    names: () => [...groups.keys()],
    clear: () => groups.clear(),
  };
}
