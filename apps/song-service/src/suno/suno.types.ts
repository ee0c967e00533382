/** Every answer's frame. `code` decides, whatever the HTTP status. */
export interface SunoEnvelope<T> {
  code: number | string;
  msg?: unknown;
  data?: T | null;
}

/** Suno's names are in camelCase in its answers and in snake_case in its callbacks, and have been mixed up before. */
export interface SunoTaken {
  taskId?: unknown;
  task_id?: unknown;
}

/** Nothing in it is taken for granted: fields come, go, and change their type. */
export interface SunoRecord {
  /** The request as it was sent, as JSON text, callback address included. */
  param?: unknown;
  status?: unknown;
  errorCode?: unknown;
  errorMessage?: unknown;
  response?: { sunoData?: (SunoTrack | null)[] | null } | null;
}

export interface SunoTrack {
  id?: unknown;
  audioUrl?: unknown;
  audio_url?: unknown;
  duration?: unknown;
}

export interface SunoAlignedWords {
  alignedWords?: (SunoWordJson | null)[] | null;
}

export interface SunoWordJson {
  word?: unknown;
  success?: unknown;
  startS?: unknown;
  endS?: unknown;
}
