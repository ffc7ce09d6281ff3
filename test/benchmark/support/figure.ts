/** One figure of the targets, measured. */
export interface Figure {
  readonly name: string;
  readonly measured: number;
  readonly target: { readonly least: number } | { readonly most: number };
  readonly unit: string;
  /** What it was made of, for whoever doubts it. */
  readonly detail: Readonly<Record<string, number | readonly number[] | string>>;
}

export function isReached({ measured, target }: Figure): boolean {
  return 'least' in target ? measured >= target.least : measured <= target.most;
}

/** The figure as a row of a table. */
export function figureRow(figure: Figure): string[] {
  const { name, measured, target, unit } = figure;
  const bound = 'least' in target ? `>= ${target.least}` : `<= ${Number(target.most.toFixed(3))}`;
  const text = measured.toFixed(measured < 100 ? 2 : 0);
  return [name, `${text} ${unit}`, `${bound} ${unit}`, isReached(figure) ? 'yes' : 'NO'];
}
