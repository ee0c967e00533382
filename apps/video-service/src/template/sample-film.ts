import type { FilmParts } from '../video/compose.ts';

/** A film to try templates with: what every film has, under addresses that nobody fetches. */
export const sampleFilm: FilmParts = {
  brief: { businessName: 'Sample', region: 'Sample', description: 'Call +82 33 123 4567.' },
  songUrl: 'https://example.com/song.mp3',
  photoUrls: ['https://example.com/1.jpg', 'https://example.com/2.jpg'],
  durationSeconds: 30,
  lines: [
    { text: 'The first line', start: 2, end: 6 },
    { text: 'The last line', start: 20, end: 27 },
  ],
};
