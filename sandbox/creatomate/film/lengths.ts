/** What relative lengths are measured by. */
export interface Size {
  width: number;
  height: number;
}

const measured = /^\s*(-?[\d.]+)\s*(px|%|vmin|vmax|vw|vh|s|°)?\s*$/;

/** Pixels of a length such as `50%`, `4 vmin` or `120`; a percentage is of `whole`. */
export function pixels(value: unknown, whole: number, frame: Size, otherwise = 0): number {
  const [amount, unit] = parsed(value);
  if (amount === undefined) return otherwise;
  if (unit === '%') return (amount / 100) * whole;
  if (unit === 'vmin') return (amount / 100) * Math.min(frame.width, frame.height);
  if (unit === 'vmax') return (amount / 100) * Math.max(frame.width, frame.height);
  if (unit === 'vw') return (amount / 100) * frame.width;
  if (unit === 'vh') return (amount / 100) * frame.height;
  return amount;
}

/** `80%` and `0.8` alike. */
export function fraction(value: unknown, otherwise: number): number {
  const [amount, unit] = parsed(value);
  if (amount === undefined) return otherwise;
  return unit === '%' ? amount / 100 : amount;
}

export function seconds(value: unknown): number | undefined {
  const [amount] = parsed(value);
  return amount;
}

export function degrees(value: unknown): number {
  return parsed(value)[0] ?? 0;
}

function parsed(value: unknown): [amount?: number, unit?: string] {
  if (typeof value === 'number') return [value];
  const [, amount, unit] = typeof value === 'string' ? (measured.exec(value) ?? []) : [];
  return amount === undefined ? [] : [Number(amount), unit];
}
