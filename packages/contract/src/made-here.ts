/** What this module makes, checks and freezes. */
type Kind = 'envelope' | 'sealed event';

class Itself {
  constructor(target: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the derived class marks what is returned.
    return target;
  }
}

/**
 * A private member that is put on an object of any class. Nobody else can put it there, no
 * copy carries it and nothing shows it; and other than an entry of a WeakSet it costs the
 * garbage collector nothing, which at ten thousands of events a second is what counts.
 */
class Mark extends Itself {
  readonly #kind: Kind;

  constructor(target: object, kind: Kind) {
    super(target);
    this.#kind = kind;
  }

  static isOn(target: object, kind: Kind): boolean {
    return #kind in target && target.#kind === kind;
  }
}

/**
 * Notes that an object was checked and freezes it: what gets it need not look again.
 * Everything below the object must be frozen.
 */
export function freezeMade<Target extends object>(target: Target, kind: Kind): Target {
  new Mark(target, kind);
  return Object.freeze(target);
}

/** Whether an object is as it was when it was checked. */
export function isMadeHere(target: unknown, kind: Kind): boolean {
  return typeof target === 'object' && target !== null && Mark.isOn(target, kind);
}
