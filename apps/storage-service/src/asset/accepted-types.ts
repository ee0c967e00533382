import { type AssetKind, POSTER } from '@castad/contracts';

const audio = ['audio/mpeg', 'audio/wav', 'audio/x-m4a', 'audio/mp4', 'audio/aac'];
const picture = ['image/jpeg', 'image/png', 'image/webp'];

/** The types a provider's file may have. */
export function acceptedTypes(kind: AssetKind, name: string): string[] {
  if (kind === 'song') return audio;
  if (kind === 'image' || name === POSTER) return picture;
  return ['video/mp4'];
}
