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
  elements: RenderElement[];
  [property: string]: unknown;
}
