const TIME = /^\s*(\d+(?:\.\d+)?)\s*(s|%)?\s*$/;

/** Words that leave a length to the renderer. */
const OPEN = new Set(['', 'auto', 'end', 'media']);

/**
 * Seconds of a time such as `4`, `"4"`, `"4 s"` or `"25%"`, a percentage being of `whole`. Undefined: the renderer
 * decides. NaN: it is no time.
 */
export function secondsOf(time: unknown, whole: number): number | undefined {
  if (time === undefined || time === null || OPEN.has(time as string)) return undefined;
  if (typeof time === 'number') return time >= 0 ? time : NaN;
  const [, amount, unit] = typeof time === 'string' ? (TIME.exec(time) ?? []) : [];
  return unit === '%' ? (Number(amount) / 100) * whole : Number(amount);
}

/** Creatomate's RenderScript, as far as we read and write it. */
export interface RenderElement {
  id?: string;
  name?: string;
  type: string;
  track?: number;
  time?: number | string;
  duration?: number | string | null;
  source?: string;
  text?: string;
  elements?: RenderElement[];
  [property: string]: unknown;
}

export interface RenderScript {
  output_format?: string;
  width?: number;
  height?: number;
  frame_rate?: number;
  duration?: number | string | null;
  snapshot_time?: number | null;
  /** Of the pixels in each direction. */
  render_scale?: number;
  elements: RenderElement[];
  [property: string]: unknown;
}
