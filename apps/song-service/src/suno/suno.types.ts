/** Every answer's frame. `code` decides, whatever the HTTP status. */
export interface SunoEnvelope<T> {
  code: number;
  msg?: string;
  data?: T | null;
}

export interface SunoRecord {
  taskId: string;
  /** The request as it was sent, as JSON text, callback address included. */
  param?: string;
  status: string;
  errorCode?: number | string | null;
  response?: { sunoData?: (SunoTrack | null)[] | null } | null;
}

export interface SunoTrack {
  id?: string;
  audioUrl?: string;
  duration?: number;
}

export interface SunoAlignedWords {
  alignedWords?: (SunoWordJson | null)[] | null;
}

export interface SunoWordJson {
  word?: string;
  success?: boolean;
  startS?: number;
  endS?: number;
}
