import type { StudioOptions } from '../sandbox/studio.ts';
import type { Scene } from './scene.ts';

/** One way to provoke a fault. The checker comes after the last one of its row. */
export interface Try {
  name: string;
  /** Cheap and telling enough for every `npm test`. Needs no system of its own. */
  isShort?: true;
  run(scene: Scene): Promise<void>;
}

/** One row of the table of faults. */
export interface Row {
  id: string;
  fault: string;
  tries: Try[];
  /** Where it differs from the usual one. */
  system?: StudioOptions;
  note?: string;
  /** Why it cannot be done. */
  skipped?: string;
}
