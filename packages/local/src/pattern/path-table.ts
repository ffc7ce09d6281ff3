/** A place in the tree of the paths that some pattern looks at. */
export interface PathNode {
  /** Number of the path that ends here; undefined where paths only pass through. */
  slot: number | undefined;
  readonly children: Map<string, PathNode>;
}

/**
 * The paths that a set of patterns looks at, numbered. An event is read against
 * it, so that whatever no pattern asks for is skipped. Paths are split at dots,
 * because the service joins names with dots before it compares: `{"a.b": 1}` and
 * `{"a": {"b": 1}}` are the same field. Any name is ordinary, the empty one and
 * `__proto__` too.
 */
export class PathTable {
  readonly root: PathNode = newNode();
  /** How many paths have a number. */
  size = 0;

  /** The number of a path, which is added if it is new. */
  slotOf(path: string): number {
    let node = this.root;
    for (const step of path.split('.')) {
      let child = node.children.get(step);
      if (child === undefined) {
        child = newNode();
        node.children.set(step, child);
      }
      node = child;
    }
    node.slot ??= this.size++;
    return node.slot;
  }
}

/** Where a field of this name leads, if any path goes there. */
export function descend(node: PathNode, name: string): PathNode | undefined {
  if (!name.includes('.')) return node.children.get(name);
  let at: PathNode | undefined = node;
  for (const step of name.split('.')) {
    at = at.children.get(step);
    if (at === undefined) return undefined;
  }
  return at;
}

function newNode(): PathNode {
  return { slot: undefined, children: new Map() };
}
