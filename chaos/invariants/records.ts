import type { Seen } from '../../sandbox/records.ts';
import { isPlanted } from '../scene.ts';

/** Which messages a service must not miss. */
export const handledBy: Record<string, string[]> = {
  gateway: [
    ...['LyricGenerated', 'LyricFailed', 'SongSubmitted', 'SongReady', 'SongFailed'],
    ...['RenderSubmitted', 'RenderSucceeded', 'RenderFailed', 'AssetStored', 'AssetFailed', 'MessageRejected'],
  ],
  'lyric-service': ['GenerateLyric', 'CancelTask'],
  'song-service': ['GenerateSong', 'LyricGenerated', 'SongCalledBack', 'CancelTask'],
  'video-service': ['RenderVideo', 'SongReady', 'RenderCalledBack', 'AssetStored', 'AssetFailed', 'CancelTask'],
  'storage-service': ['SongReady', 'RenderSucceeded'],
};

/** A message's name without its version. */
export const nameOf = ({ type }: Seen): string => type.split('.')[0] ?? '';

export const idOf = ({ headers }: Seen): string => headers.ce_id?.toString() ?? '';

export const isDeadLetter = ({ topic }: Seen): boolean => topic.endsWith('.dead-letters');

/** What the services themselves announced or ordered, each once: a record that was sent again is the same message. */
export function announced(records: Seen[]): Seen[] {
  const known = new Set<string>();
  return records.filter(record => {
    if (isPlanted(record) || /\.(dead-letters|replay)$/.test(record.topic) || known.has(idOf(record))) return false;
    known.add(idOf(record));
    return true;
  });
}

/** What a message tells of: of one thing there is one outcome. */
export function subjectOf(record: Seen): string {
  const { format, kind, ref } = record.data as { format?: string; kind?: string; ref?: string };
  return [format, kind, ref].filter(Boolean).join(' ');
}

export const revisionOf = ({ data }: Seen): number => Number(data.revision);
